import { Injectable, type OnModuleDestroy } from '@nestjs/common';

/** Whether the process is going down: every answer then closes its connection, and readiness says no. */
@Injectable()
export class Draining implements OnModuleDestroy {
  private draining = false;

  get isDraining(): boolean {
    return this.draining;
  }

  /** May be called before Nest does, to serve on for a while after readiness was lost. */
  begin(): void {
    this.draining = true;
  }

  onModuleDestroy(): void {
    this.begin();
  }
}
