import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { serverConfig, type ServerConfig } from '../config/server.config.js';
import { Draining } from './draining.js';

/**
 * Kubernetes signals a pod while it is still taking it out of the services, and a load balancer needs as long: a gateway serves on
 * until they have, closing each connection with its answer.
 */
@Injectable()
export class ShutdownDelay implements OnModuleDestroy {
  constructor(
    @Inject(serverConfig.KEY) private readonly config: ServerConfig,
    private readonly draining: Draining,
  ) {}

  async onModuleDestroy(): Promise<void> {
    this.draining.begin();
    await sleep(this.config.shutdownDelaySeconds * 1_000);
  }
}
