import { type DynamicModule, Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { databaseConfig, type DatabaseConfig } from '../config/database.config.js';
import { dataSourceOptions } from './data-source-options.js';
import { DatabaseService } from './database.service.js';
import { PeriodicJobs } from './periodic-jobs.js';

@Global()
@Module({})
export class DatabaseModule {
  /** `applicationName` is what `pg_stat_activity` shows. */
  static forProcess(applicationName: string): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          inject: [databaseConfig.KEY],
          useFactory: (config: DatabaseConfig) => ({
            ...dataSourceOptions(config, applicationName),
            autoLoadEntities: true,
            manualInitialization: true,
          }),
        }),
      ],
      providers: [DatabaseService, PeriodicJobs],
      exports: [DatabaseService, PeriodicJobs],
    };
  }
}
