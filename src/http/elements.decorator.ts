import { applyDecorators } from '@nestjs/common';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, ValidateNested } from 'class-validator';
import { addRule, type Class } from './property-rules.js';

/**
 * An array of DTOs. `@ValidateNested` and `@Type` come together here because either one forgotten switches every rule of
 * the element off, without a word.
 */
export function Elements(type: () => Class, { min, max }: { min: number; max: number }): PropertyDecorator {
  return applyDecorators(
    addRule({ elements: { type, min, max } }),
    IsArray(),
    ArrayMinSize(min),
    ArrayMaxSize(max),
    ValidateNested({ each: true }),
    Type(type),
  );
}
