/** How often each route was answered with each status. */
export class Histogram {
  private readonly routes = new Map<string, Map<number, number>>();
  private succeeded = 0;
  private total = 0;

  add(route: string, status: number): void {
    const statuses = this.routes.get(route) ?? new Map<number, number>();
    this.routes.set(route, statuses.set(status, (statuses.get(status) ?? 0) + 1));
    this.total++;
    if (status >= 200 && status < 300) this.succeeded++;
  }

  /** Of all answers, those with a status 2xx. */
  get shareOfSuccess(): number {
    return this.total === 0 ? 0 : this.succeeded / this.total;
  }

  /** Whether a route was ever answered with anything but a refusal. */
  isServed(route: string): boolean {
    return [...(this.routes.get(route)?.keys() ?? [])].some((status) => status < 400);
  }

  /** Routes down, statuses across. */
  toString(): string {
    const names = [...this.routes.keys()].sort();
    const statuses = [...new Set([...this.routes.values()].flatMap((counts) => [...counts.keys()]))].sort(
      (a, b) => a - b,
    );
    const width = Math.max(...names.map((name) => name.length));
    const line = (name: string, cells: readonly (number | string)[]) =>
      `${name.padEnd(width)}${cells.map((cell) => String(cell).padStart(7)).join('')}`;
    const rows = names.map((name) =>
      line(
        name,
        statuses.map((status) => this.routes.get(name)?.get(status) ?? ''),
      ),
    );
    return [line('', statuses), ...rows].join('\n');
  }
}
