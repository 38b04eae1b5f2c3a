// The command line of the benchmark.
import { parseArgs } from 'node:util';

export const MEASURES = [
  'reads',
  'flat',
  'submits',
  'claims',
  'start',
  'memory',
  'follow',
  'followers',
  'throughput',
  'page',
] as const;

export type Measure = (typeof MEASURES)[number];

export interface Options {
  /** What to measure. */
  only: Measure[];
  /** Rounds of every comparison; the table shows their median. */
  rounds: number;
  /** Length of one subject's turn in a round. */
  seconds: number;
  connections: number;
  /** Done jobs in the file that is read. */
  jobs: number;
  /** File sizes for the measure `flat`. */
  rows: number[];
  /** File that also gets the results. */
  json: string | undefined;
}

export const USAGE = `Usage: npm run bench -- [options]

  --only LIST         of ${MEASURES.join(', ')} (default: all)
  --rounds N          interleaved rounds, whose median is shown (default 5)
  --seconds N         seconds of one server's turn in a round (default 3)
  --connections N     keep-alive connections (default 32)
  --jobs N            done jobs in the file that is read (default 100000)
  --rows LIST         file sizes for "flat", queue sizes for "claims" and "page" (default 1000,100000; 1000000 takes minutes to fill)
  --json FILE         write the results there too
  --help              show this
`;

/** Reads the arguments; undefined when help was asked for. Throws an Error with a line to show. */
export function readOptions(args: string[]): Options | undefined {
  const { values } = parseArgs({ args, options: ARGUMENTS, strict: true });
  if (values.help) return undefined;
  return {
    only: list(values.only).map(toMeasure),
    rounds: number('--rounds', values.rounds, 1, 100),
    seconds: number('--seconds', values.seconds, 0.1, 600),
    connections: number('--connections', values.connections, 1, 1000),
    jobs: number('--jobs', values.jobs, 1, 10_000_000),
    rows: list(values.rows).map((item) => number('--rows', item, 1, 10_000_000)),
    json: values.json,
  };
}

const ARGUMENTS = {
  only: { type: 'string', default: MEASURES.join(',') },
  rounds: { type: 'string', default: '5' },
  seconds: { type: 'string', default: '3' },
  connections: { type: 'string', default: '32' },
  jobs: { type: 'string', default: '100000' },
  rows: { type: 'string', default: '1000,100000' },
  json: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

function list(text: string): string[] {
  return text.split(',').map((item) => item.trim());
}

function toMeasure(name: string): Measure {
  const known = MEASURES.find((measure) => measure === name);
  if (!known) throw new Error(`--only knows ${MEASURES.join(', ')}, not "${name}"`);
  return known;
}

function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text !== '' && value >= least && value <= most) return value;
  throw new Error(`${name} must be a number from ${least} to ${most}, not "${text}"`);
}
