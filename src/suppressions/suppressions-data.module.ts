import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RecipientCheck } from './recipient-check.js';
import { SoftBounce } from './soft-bounce.entity.js';
import { Suppression } from './suppression.entity.js';
import { SuppressionsRepository } from './suppressions.repository.js';

/** The list without its HTTP: acceptance, dispatch, send and events all ask it. */
@Module({
  imports: [TypeOrmModule.forFeature([Suppression, SoftBounce])],
  providers: [SuppressionsRepository, RecipientCheck],
  exports: [SuppressionsRepository, RecipientCheck],
})
export class SuppressionsDataModule {}
