import { Inject, Injectable } from '@nestjs/common';
import { MessageTemplates } from '../compose/message-templates.js';
import { serverConfig, type ServerConfig } from '../config/server.config.js';
import { trackingConfig, type TrackingConfig } from '../config/tracking.config.js';
import { MessagesRepository } from '../messages/messages.repository.js';
import { ContentCache } from './content-cache.js';

/** Some hundred messages of 65 KB each; a campaign needs one of them at a time. */
const MAX_BYTES = 64 * 1024 * 1024;

/** What references stand for: each message is loaded once while it is being sent, however many emails it has. */
@Injectable()
export class MessageContents {
  private readonly cache = new ContentCache<MessageTemplates>(MAX_BYTES);
  private readonly loading = new Map<string, Promise<MessageTemplates | undefined>>();

  constructor(
    private readonly messages: MessagesRepository,
    @Inject(serverConfig.KEY) private readonly server: ServerConfig,
    @Inject(trackingConfig.KEY) private readonly tracking: TrackingConfig,
  ) {}

  get bytes(): number {
    return this.cache.bytes;
  }

  /** Those of the messages that the ledger has. The caller holds what it asked for, also past the cache's end. */
  async load(ids: Iterable<string>): Promise<Map<string, MessageTemplates>> {
    const found = new Map<string, MessageTemplates>();
    const absent: string[] = [];
    for (const id of new Set(ids)) {
      const cached = this.cache.get(id);
      if (cached) found.set(id, cached);
      else absent.push(id);
    }
    this.begin(absent.filter((id) => !this.loading.has(id)));
    await Promise.all(
      absent.map(async (id) => {
        const templates = await this.loading.get(id);
        if (templates) found.set(id, templates);
      }),
    );
    return found;
  }

  private begin(ids: readonly string[]): void {
    if (ids.length === 0) return;
    const batch = this.read(ids).finally(() => {
      for (const id of ids) this.loading.delete(id);
    });
    for (const id of ids) {
      this.loading.set(
        id,
        batch.then((read) => read.get(id)),
      );
    }
  }

  private async read(ids: readonly string[]): Promise<Map<string, MessageTemplates>> {
    const links = { publicUrl: this.server.publicUrl, secret: this.tracking.secret };
    const read = new Map<string, MessageTemplates>();
    for (const message of await this.messages.findAll(ids)) {
      const templates = new MessageTemplates(message, links);
      this.cache.put(message.id, templates);
      read.set(message.id, templates);
    }
    return read;
  }
}
