import { Readable } from 'node:stream';
import { Logger, ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { AppError, validationFailed, type FieldError } from '../runtime/errors.js';
import { TimeSlice } from '../runtime/time-slice.js';
import { type BodyOrigin, originOf } from './body-origin.js';
import { fieldErrorsOf } from './field-errors.js';
import type { Class } from './property-rules.js';
import { readRawObject } from './raw-object.js';

/** A hundred messages of a thousand recipients take some fifty of these. */
const SLICE_MS = 2;

export interface ValidationSettings {
  /** IANA name; local times are read in it. */
  defaultTimezone: string;
  /** `warn` drops the unknown fields of a body and logs them: for the first week after a move. */
  unknownFields: 'refuse' | 'warn';
  now?: () => number;
}

/**
 * Nest's ValidationPipe behind a reader that bounds its work (raw-object.ts). Its whitelist stays on as the second line:
 * a property that slipped through would be refused, never stored.
 */
export class EdgeValidationPipe extends ValidationPipe {
  private readonly unknownFieldsLogger = new Logger('UnknownFields');
  private readonly slice = new TimeSlice(SLICE_MS);

  constructor(private readonly settings: ValidationSettings) {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      transform: true,
      exceptionFactory: (errors: ValidationError[]) => validationFailed(fieldErrorsOf(errors)),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body' && value === undefined) {
      throw new AppError('malformed_json', 'The body is empty; a JSON object is expected.');
    }
    // What its handler reads itself: a CSV body line by line (csv-body.ts), a raw one as bytes.
    if (value instanceof Readable || value instanceof Buffer) return value;
    // What our own parameter decorators give is no input any more.
    if (metadata.type === 'custom') return value;
    if (!this.toValidate(metadata)) return super.transform(value, metadata) as Promise<unknown>;
    const origin = originOf(value);
    const reading = readRawObject(value, metadata.metatype as Class, {
      pointer: '',
      lenient: origin?.lenient ?? false,
      defaultTimezone: this.settings.defaultTimezone,
      now: (this.settings.now ?? Date.now)(),
    });
    const raw = await this.inSlices(reading);
    const errors = [...this.unknownFields(raw.unknown, origin), ...raw.errors];
    if (raw.instance !== null && errors.length === 0) return raw.instance;
    // Nothing to go on with where all is read, or the whole is no object.
    if (raw.value === null) throw validationFailed(errors);
    const dto = await this.collect(() => super.transform(raw.value, metadata) as Promise<unknown>, errors);
    if (errors.length > 0) throw validationFailed(errors);
    return dto;
  }

  private async inSlices<Result>(steps: Generator<void, Result>): Promise<Result> {
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      if (this.slice.isOver) await this.slice.wait();
    }
  }

  /** Adds class-validator's errors to those that the reader found, so that one answer lists all. */
  private async collect(transform: () => Promise<unknown>, errors: FieldError[]): Promise<unknown> {
    try {
      return await transform();
    } catch (error) {
      const isCollected = error instanceof AppError && error.errors !== undefined;
      if (!isCollected || error.errors.length + errors.length === 0) throw error;
      errors.push(...error.errors);
      return undefined;
    }
  }

  private unknownFields(unknown: FieldError[], origin: BodyOrigin | undefined): FieldError[] {
    if (this.settings.unknownFields === 'refuse' || origin === undefined || unknown.length === 0) return unknown;
    const names = JSON.stringify(unknown.map(({ pointer }) => pointer));
    this.unknownFieldsLogger.warn(`request ${origin.requestId} has unknown fields, ignored: ${names}`);
    return [];
  }
}
