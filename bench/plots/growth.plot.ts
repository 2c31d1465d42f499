import { circle, COLOURS, line, path, svg, text } from './svg.js';

export interface Series {
  name: string;
  /** Stored emails, and the cost of one more relative to the smallest size. */
  points: readonly { stored: number; relative: number }[];
}

const WIDTH = 640;
const HEIGHT = 280;
const LEFT = 50;
const RIGHT = 110;
const BOTTOM = 40;
const TOP = 20;

/** The cost of an email over what is stored already. */
export function plotGrowth(series: readonly Series[], bar: number): string {
  const sizes = [...new Set(series.flatMap(({ points }) => points.map(({ stored }) => stored)))].toSorted(
    (a, b) => a - b,
  );
  const most = Math.max(2, ...series.flatMap(({ points }) => points.map(({ relative }) => relative)));
  const [low, high] = [Math.log(sizes[0]), Math.log(sizes[sizes.length - 1])];
  const x = (stored: number) => LEFT + ((Math.log(stored) - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
  const y = (relative: number) => HEIGHT - BOTTOM - (relative / most) * (HEIGHT - BOTTOM - TOP);
  const shapes = [0, 0.5, 1, 1.5, 2].flatMap((tick) => [
    line([LEFT, y(tick)], [WIDTH - RIGHT, y(tick)], 'grid'),
    text(LEFT - 8, y(tick) + 4, tick.toFixed(1), { anchor: 'end', soft: true }),
  ]);
  shapes.push(line([LEFT, y(bar)], [WIDTH - RIGHT, y(bar)], 'mark'), text(WIDTH - RIGHT + 8, y(bar) + 4, `bar ${bar}`));
  shapes.push(
    ...sizes.map((size) => text(x(size), HEIGHT - BOTTOM + 18, short(size), { anchor: 'middle', soft: true })),
  );
  shapes.push(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, 'emails stored', { anchor: 'middle', soft: true }));
  for (const [index, { name, points }] of series.entries()) {
    const colour = COLOURS[index % COLOURS.length];
    shapes.push(
      path(
        points.map(({ stored, relative }) => [x(stored), y(relative)] as const),
        colour,
      ),
    );
    shapes.push(...points.map(({ stored, relative }) => circle(x(stored), y(relative), colour)));
    shapes.push(circle(LEFT + 14, TOP + 4 + index * 18, colour), text(LEFT + 24, TOP + 8 + index * 18, name));
  }
  return svg(WIDTH, HEIGHT, 'The cost of one more email, relative to 10,000 stored', shapes);
}

function short(count: number): string {
  return count >= 1e6 ? `${count / 1e6} M` : `${count / 1e3} k`;
}
