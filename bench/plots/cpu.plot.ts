import type { Cpu } from '../cpu.js';
import { COLOURS, rectangle, svg, text } from './svg.js';

/** CPU microseconds per email. */
export interface Stage {
  name: string;
  cpu: Cpu;
}

const WIDTH = 760;
const LEFT = 250;
const RIGHT = 70;
const ROW = 28;
const TOP = 34;
const ENGINES = ['node', 'postgres', 'nats'] as const;
const NAMES = { node: 'Node.js', postgres: 'PostgreSQL', nats: 'NATS' } as const;

/** Where the time goes: one bar per stage, one part per process. */
export function plotCpu(stages: readonly Stage[]): string {
  const total = ({ node, postgres, nats }: Cpu) => node + postgres + nats;
  const most = Math.max(...stages.map(({ cpu }) => total(cpu)));
  const scale = (WIDTH - LEFT - RIGHT) / most;
  const shapes = ENGINES.flatMap((engine, index) => [
    rectangle(LEFT + index * 110, 8, 12, 12, COLOURS[index]),
    text(LEFT + index * 110 + 18, 18, NAMES[engine]),
  ]);
  for (const [row, { name, cpu }] of stages.entries()) {
    const y = TOP + row * ROW;
    shapes.push(text(LEFT - 12, y + 14, name, { anchor: 'end' }));
    let x = LEFT;
    for (const [index, engine] of ENGINES.entries()) {
      shapes.push(rectangle(x, y, cpu[engine] * scale, 18, COLOURS[index]));
      x += cpu[engine] * scale;
    }
    shapes.push(text(x + 6, y + 14, `${total(cpu).toFixed(0)} µs`));
  }
  return svg(WIDTH, TOP + stages.length * ROW + 8, 'CPU microseconds per email, by stage and process', shapes);
}
