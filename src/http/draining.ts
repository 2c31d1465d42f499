import { Injectable, type OnModuleDestroy } from '@nestjs/common';

/** Whether the process is going down: every answer then closes its connection. */
@Injectable()
export class Draining implements OnModuleDestroy {
  private draining = false;

  get isDraining(): boolean {
    return this.draining;
  }

  /** May be called before Nest does, to serve on for a while. */
  begin(): void {
    this.draining = true;
  }

  onModuleDestroy(): void {
    this.begin();
  }
}
