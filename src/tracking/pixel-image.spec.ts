import { describe, expect, it } from 'vitest';
import { decodePng } from '../../test/support/png.js';
import { PIXEL_IMAGE } from './pixel-image.js';

describe('the pixel', () => {
  it('is a transparent image of one pixel', () => {
    expect(decodePng(PIXEL_IMAGE)).toEqual({ width: 1, height: 1, pixels: [[0, 0, 0, 0]] });
  });

  it('is refused by the decoder with any bit changed', () => {
    for (let bit = 0; bit < 8 * PIXEL_IMAGE.length; bit++) {
      const damaged = Buffer.from(PIXEL_IMAGE);
      damaged[bit >> 3] ^= 1 << (bit & 7);
      expect(() => decodePng(damaged), `bit ${bit}`).toThrow();
    }
  });
});
