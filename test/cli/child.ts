// `jobgate` as a real child process: its output, its exit, and nothing left of it afterwards.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** As it is published: it starts in half the time of its sources. */
const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

export type Environment = Record<string, string>;

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Child {
  process: ChildProcess;
  /** Lines of stdout so far. */
  lines: string[];
  /** The first line of stdout, past or to come, that holds the text. Rejects when the child ends. */
  line(text: string): Promise<string>;
  ended: Promise<Ended>;
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'jobgate-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs `jobgate <args>` to its end. */
export function jobgate(args: string[], environment: Environment = {}): Promise<Ended> {
  return startJobgate(args, environment).ended;
}

/** Starts `jobgate <args>`, inside of what `wrap` makes of the command; killed after the test. */
export function startJobgate(
  args: string[],
  environment: Environment = {},
  wrap: (command: string[]) => string[] = (command) => command,
): Child {
  const [program = '', ...rest] = wrap([process.execPath, MAIN, ...args]);
  const env = { PATH: process.env['PATH'] ?? '', PORT: '0', ...environment };
  const child = spawn(program, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const ended = endOf(child);
  const lines: string[] = [];
  const reader = createInterface(child.stdout).on('line', (line) => lines.push(line));
  const line = async (text: string): Promise<string> => {
    const seen = lines.find((candidate) => candidate.includes(text));
    if (seen !== undefined) return seen;
    await Promise.race([once(reader, 'line'), ended.then(refuseToWait)]);
    return line(text);
  };
  return { process: child, lines, line, ended };
}

/** A `jobgate serve` that answers; `url` is where. */
export async function startServe(environment: Environment): Promise<Child & { url: string }> {
  const child = startJobgate(['serve'], environment);
  const listening = await child.line('Server listening at ');
  return { ...child, url: /http:\/\/[^"]+/.exec(listening)?.[0] ?? '' };
}

async function endOf(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout, stderr };
}

function refuseToWait({ code, stderr }: Ended): never {
  throw new Error(`jobgate ended with ${code} instead: ${stderr}`);
}
