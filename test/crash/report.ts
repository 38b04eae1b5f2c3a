// What the crash programs read from their command line and print at their end.
import { parseArgs } from 'node:util';

/** Throws when `text` is not a whole number from 0. */
export function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new TypeError(`${option} must be a whole number`);
  return Number(text);
}

/** `--rounds` and `--seed`, any seed by default; undefined when help was asked for. */
export function readRounds(rounds: string): { rounds: number; seed: number } | undefined {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: rounds },
      seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    rounds: wholeNumber('--rounds', values.rounds),
    seed: wholeNumber('--seed', values.seed),
  };
}

/** One line for each row, columns aligned. */
export function printTable(rows: Record<string, string | number>[]): void {
  const names = Object.keys(rows[0] ?? {});
  const lines = [names, ...rows.map((row) => names.map((name) => String(row[name])))];
  const widths = names.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  for (const line of lines) {
    const cells = line.map((cell, i) => cell.padStart(widths[i]!));
    process.stdout.write(`${cells.join('  ')}\n`);
  }
}

/** The median, the 95th and 99th percentile and the highest of measured values; 0 of none. */
export function spread(values: number[]): { p50: number; p95: number; p99: number; max: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(sorted.length * part)] ?? 0;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted.at(-1) ?? 0 };
}
