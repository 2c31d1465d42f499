import { Module } from '@nestjs/common';
import { AppConfigModule } from '../config/config.module.js';

/** Commands read the environment as the processes do, and connect only to what they need. */
@Module({ imports: [AppConfigModule.forProcess('cli')] })
export class CliModule {}
