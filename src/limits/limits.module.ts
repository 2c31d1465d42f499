import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { HoldUpLog } from './hold-up-log.js';
import { LimitsRepository } from './limits.repository.js';
import { SendLimits } from './send-limits.entity.js';
import { SendUsage } from './send-usage.entity.js';

@Module({
  imports: [TypeOrmModule.forFeature([SendLimits, SendUsage])],
  providers: [HoldUpLog, LimitsRepository],
  exports: [HoldUpLog, LimitsRepository],
})
export class LimitsModule {}
