/** Colours that are told apart without red and green (Okabe and Ito), and read on white and on black. */
export const COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7'] as const;

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #24292f; }
  .soft { fill: #57606a; }
  .grid { stroke: #d0d7de; }
  .mark { stroke: #24292f; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .soft { fill: #9198a1; } .grid { stroke: #3d444d; } .mark { stroke: #e6edf3; }
  }`;

/** A picture that stands in a Markdown page: no script, no font of its own, light and dark. */
export function svg(width: number, height: number, title: string, shapes: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}">
<style>${STYLE}
</style>
${shapes.join('\n')}
</svg>
`;
}

export function text(x: number, y: number, content: string, options: { anchor?: string; soft?: boolean } = {}): string {
  const { anchor = 'start', soft = false } = options;
  return `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}"${soft ? ' class="soft"' : ''}>${escape(content)}</text>`;
}

export function line(from: readonly [number, number], to: readonly [number, number], kind: 'grid' | 'mark'): string {
  return `<line x1="${fixed(from[0])}" y1="${fixed(from[1])}" x2="${fixed(to[0])}" y2="${fixed(to[1])}" class="${kind}"/>`;
}

export function rectangle(x: number, y: number, width: number, height: number, colour: string): string {
  return `<rect x="${fixed(x)}" y="${fixed(y)}" width="${fixed(Math.max(width, 0.5))}" height="${height}" fill="${colour}"/>`;
}

export function circle(x: number, y: number, colour: string): string {
  return `<circle cx="${fixed(x)}" cy="${fixed(y)}" r="4" fill="${colour}"/>`;
}

export function path(points: readonly (readonly [number, number])[], colour: string): string {
  const steps = points.map(([x, y]) => `${fixed(x)},${fixed(y)}`).join(' ');
  return `<polyline points="${steps}" fill="none" stroke="${colour}" stroke-width="2"/>`;
}

function fixed(value: number): string {
  return value.toFixed(1);
}

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
