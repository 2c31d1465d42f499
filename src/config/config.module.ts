import { Module, type DynamicModule } from '@nestjs/common';
import { ConfigModule, type ConfigFactory } from '@nestjs/config';
import { areas } from './areas.js';
import type { ProcessName } from './contradiction.js';
import { validateFor } from './environment.js';

@Module({})
export class AppConfigModule {
  /**
   * The namespaces that a process reads, for every module of it. Rejects with an EnvironmentError, which Nest rethrows
   * from `NestFactory.create` under `abortOnError: false`.
   */
  static forProcess(process: ProcessName): Promise<DynamicModule> {
    const loading = this.load(process);
    // Written in an `imports` array, the promise exists before Nest awaits it: without a handler of its own a faulty
    // environment would end the process as an unhandled rejection, with a stack in place of the list of faults.
    loading.catch(() => undefined);
    return loading;
  }

  private static async load(process: ProcessName): Promise<DynamicModule> {
    const read = areas.filter((area) => area.readBy.includes(process));
    const load = read.map((area) => area.namespace as ConfigFactory);
    const config = await ConfigModule.forRoot({ isGlobal: true, load, validate: validateFor(process) });
    return { module: AppConfigModule, global: true, imports: [config], exports: [config] };
  }
}
