// A histogram as Prometheus knows it: how many values were at most each bound, and their sum.

/** Seconds. A status read takes 0.1 ms; more than a minute no answer may take. */
export const SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60,
];

/** Plain numbers, so that a request costs no more than some additions. */
export class Histogram {
  readonly bounds: readonly number[];
  /** One for each bound, not summed up, and one for what is above all of them. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = [...bounds.map(() => 0), 0];
  }

  observe(value: number): void {
    let index = 0;
    while (index < this.bounds.length && value > (this.bounds[index] as number)) index += 1;
    this.counts[index] = (this.counts[index] as number) + 1;
    this.sum += value;
  }
}
