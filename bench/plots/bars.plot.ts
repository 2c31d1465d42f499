import type { Bar } from '../bars.js';
import { circle, COLOURS, line, svg, text } from './svg.js';

export interface MeasuredBar {
  bar: Bar;
  median: number;
}

const ROW = 22;
const TOP = 34;
const LEFT = 560;
const WIDTH = 960;
const RIGHT = 90;
const TICKS = [0.25, 0.5, 1, 2, 4, 8, 16];

/** How far each row is from its bar, on a logarithmic scale: 2 is twice as good as must be. */
export function plotBars(measured: readonly MeasuredBar[]): string {
  const height = TOP + measured.length * ROW + 10;
  const x = (factor: number) => {
    const low = Math.log(TICKS[0]);
    const high = Math.log(TICKS[TICKS.length - 1]);
    const at = Math.min(Math.max(Math.log(factor), low), high);
    return LEFT + ((at - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
  };
  const shapes = TICKS.flatMap((tick) => [
    line([x(tick), TOP - 8], [x(tick), height - 8], tick === 1 ? 'mark' : 'grid'),
    text(x(tick), TOP - 14, tick === 1 ? 'bar' : `${tick}×`, { anchor: 'middle', soft: true }),
  ]);
  for (const [index, { bar, median }] of measured.entries()) {
    const y = TOP + index * ROW + 10;
    const factor = (value: number) => (bar.better === 'higher' ? value / bar.bar : bar.bar / value);
    const aim = x(factor(bar.aim));
    shapes.push(
      text(LEFT - 14, y + 4, `${bar.what.length > 76 ? `${bar.what.slice(0, 75)}…` : bar.what}  ${bar.id}`, {
        anchor: 'end',
      }),
      line([aim, y - 6], [aim, y + 6], 'mark'),
      circle(x(factor(median)), y, COLOURS[factor(median) >= 1 ? 0 : 1]),
      text(WIDTH - RIGHT + 14, y + 4, figure(median, bar.unit)),
    );
  }
  return svg(WIDTH, height, 'Each row beside its bar; the short line is the aim', shapes);
}

export function figure(value: number, unit: Bar['unit']): string {
  const digits =
    value >= 100
      ? value.toFixed(0)
      : value >= 10
        ? value.toFixed(1)
        : value >= 0.1
          ? value.toFixed(2)
          : value.toPrecision(2);
  return unit === 'ratio' ? digits : `${digits} ${unit}`;
}
