// The newest rows of several sources, for a list that no single index holds in its order.

export interface Merge<Row> {
  /** Epoch milliseconds; no older row counts. */
  since: number;
  /** Rows at the most, 1 and up. */
  limit: number;
  /** Epoch milliseconds, by which `byNewest` sorts first. */
  timeOf(row: Row): number;
  byNewest(a: Row, b: Row): number;
}

/**
 * Each source gives its newest rows, `limit` at the most, that are not older than it is asked for.
 * With thousands of sources nearly all of these would be thrown away again: once there are enough,
 * only what is newer than the last of them is read.
 */
export function mergeNewest<Row>(
  sources: Iterable<(since: number) => Row[]>,
  { since, limit, timeOf, byNewest }: Merge<Row>,
): Row[] {
  let found: Row[] = [];
  let floor = since;
  for (const read of sources) {
    for (const row of read(floor)) found.push(row);
    // Not after each: sorting would cost more than it spares.
    if (found.length < 2 * limit) continue;
    found = found.sort(byNewest).slice(0, limit);
    floor = found.slice(-1).map(timeOf)[0] ?? floor;
  }
  return found.sort(byNewest).slice(0, limit);
}
