// Near misses: which known name a mistyped one was probably meant to be.

/**
 * The known name that `name` nearly is; undefined when none is near. Two slips are allowed in 12
 * letters and more, one in 7 to 11; in shorter ones only letters in the wrong order count, since
 * those are a letter away from too many other words.
 */
export function nearMiss(name: string, known: readonly string[]): string | undefined {
  return known.find((candidate) => name !== candidate && isNear(name, candidate));
}

function isNear(name: string, known: string): boolean {
  const slips = known.length < 7 ? 0 : known.length < 12 ? 1 : 2;
  // A machine's environment has a hundred names, most of another length: 16 ms of a start.
  if (Math.abs(name.length - known.length) > slips) return false;
  if (slips === 0) return sortedLetters(name) === sortedLetters(known);
  return editDistance(name, known) <= slips;
}

function sortedLetters(text: string): string {
  return text.split('').toSorted().join('');
}

/** Letters added, dropped, changed, or swapped with their neighbour. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const next = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const changed = from[row - 1] === to[column - 1] ? 0 : 1;
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      next[column] = Math.min(
        at(last, column) + 1,
        at(next, column - 1) + 1,
        at(last, column - 1) + changed,
        swapped ? at(beforeLast, column - 2) + 1 : Infinity,
      );
    }
    [beforeLast, last] = [last, next];
  }
  return at(last, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
