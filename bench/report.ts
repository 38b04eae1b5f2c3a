// What the benchmark says: progress on stderr, tables on stdout.
import { arch, availableParallelism, cpus, platform } from 'node:os';

export interface Table {
  title: string;
  head: string[];
  /** How many columns from the left are text; the others are figures. Default 1. */
  textColumns?: number;
  rows: string[][];
  /** The goal, and whether it was reached. */
  verdicts: Verdict[];
}

export interface Verdict {
  goal: string;
  actual: string;
  reached: boolean;
}

export function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

export function print(table: Table): void {
  process.stdout.write(`\n## ${table.title}\n\n${markdown(table)}\n`);
  for (const verdict of table.verdicts) process.stdout.write(`${sentence(verdict)}\n`);
}

export function describeMachine(): string {
  const model = cpus()[0]?.model ?? 'unknown processor';
  return `Node ${process.versions.node}, ${platform()} ${arch()}, ${availableParallelism()} cores (${model})`;
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

export function ms(value: number): string {
  return `${value.toFixed(2)} ms`;
}

function sentence({ goal, actual, reached }: Verdict): string {
  return `${reached ? 'reached' : 'MISSED '}  ${goal}: ${actual}`;
}

function markdown({ head, rows, textColumns = 1 }: Table): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? '').length)),
  );
  const row = (cells: string[]) =>
    `| ${cells.map((cell, i) => pad(cell, widths[i] ?? 0, i < textColumns)).join(' | ')} |`;
  const rule = widths.map((width, i) =>
    i < textColumns ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [row(head), row(rule), ...rows.map(row), ''].join('\n');
}

function pad(cell: string, width: number, isText: boolean): string {
  return isText ? cell.padEnd(width) : cell.padStart(width);
}
