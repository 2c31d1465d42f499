import { NestFactory } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { databaseConfig, type DatabaseConfig } from '../config/database.config.js';
import { exitOnFault } from '../config/exit-on-fault.js';
import { dataSourceOptions } from '../database/data-source-options.js';
import { CliModule } from './cli.module.js';

/** Runs a command with a connected data source; its number becomes the exit code. */
export async function runCommand(
  name: string,
  urlOf: (config: DatabaseConfig) => string,
  work: (dataSource: DataSource) => Promise<number>,
  entities: (new () => object)[] = [],
): Promise<void> {
  try {
    const app = await NestFactory.createApplicationContext(CliModule, { abortOnError: false, logger: false });
    const config = app.get<DatabaseConfig>(databaseConfig.KEY);
    const own = { ...config, url: urlOf(config), minConnections: 0, maxConnections: 2 };
    const dataSource = await new DataSource({
      ...dataSourceOptions(own, name, { isPatient: true }),
      entities,
    }).initialize();
    try {
      process.exitCode = await work(dataSource);
    } finally {
      await dataSource.destroy();
      await app.close();
    }
  } catch (error) {
    exitOnFault(error);
  }
}
