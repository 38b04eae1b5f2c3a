// Labels that come from callers, kept to a number that a Prometheus can bear.

/** What the others are counted under. */
export const OTHER = 'other';

export class BoundedLabels {
  readonly #known = new Set<string>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** The label itself for the first `max` that were asked for, `other` for those that came later. */
  of(label: string): string {
    if (this.#known.has(label)) return label;
    if (this.#known.size >= this.#max) return OTHER;
    this.#known.add(label);
    return label;
  }
}
