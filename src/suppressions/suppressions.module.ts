import { Module } from '@nestjs/common';
import { SuppressionsDataModule } from './suppressions-data.module.js';
import { SuppressionsExport } from './suppressions-export.js';
import { SuppressionsImport } from './suppressions-import.js';
import { SuppressionsController } from './suppressions.controller.js';

@Module({
  imports: [SuppressionsDataModule],
  controllers: [SuppressionsController],
  providers: [SuppressionsExport, SuppressionsImport],
})
export class SuppressionsModule {}
