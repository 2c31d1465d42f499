import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { LimitsRepository } from './limits.repository.js';
import { SendLimits } from './send-limits.entity.js';
import { SendUsage } from './send-usage.entity.js';

@Module({
  imports: [TypeOrmModule.forFeature([SendLimits, SendUsage])],
  providers: [LimitsRepository],
  exports: [LimitsRepository],
})
export class LimitsModule {}
