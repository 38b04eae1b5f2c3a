// Counts under two labels: maps in a map, so that no key has to be put together for every request.

export class Counts<A, B> {
  readonly #byFirst = new Map<A, Map<B, number>>();

  add(first: A, second: B): void {
    let bySecond = this.#byFirst.get(first);
    if (!bySecond) this.#byFirst.set(first, (bySecond = new Map()));
    bySecond.set(second, (bySecond.get(second) ?? 0) + 1);
  }

  entries(): [A, B, number][] {
    return [...this.#byFirst].flatMap(([first, bySecond]) =>
      [...bySecond].map(([second, n]): [A, B, number] => [first, second, n]),
    );
  }
}
