// What a run leaves nothing of: its temporary folder and the servers it starts.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface Server {
  name: string;
  pid: number;
  port: number;
  /** `performance.now()` when it was started. */
  startedAt: number;
  stop(): Promise<void>;
}

export interface ServerProgram {
  name: string;
  /** Path below the repository's root, and its arguments. */
  program: string;
  arguments?: string[];
  /** The program that runs it; default: this Node. */
  runtime?: string;
  environment: Record<string, string>;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 5000;

export class Workspace {
  readonly folder = mkdtempSync(join(tmpdir(), 'jobgate-bench-'));
  readonly #running = new Set<Server>();
  #files = 0;

  /** The path of a file that does not exist yet. */
  newFile(): string {
    this.#files += 1;
    return join(this.folder, `${this.#files}.db`);
  }

  /** Starts a server of its own process, and waits until it listens. */
  async start(program: ServerProgram): Promise<Server> {
    const server = await this.spawn(program);
    await untilListening(server);
    return server;
  }

  /** Starts a server without waiting for it. */
  async spawn(program: ServerProgram): Promise<Server> {
    const port = await findFreePort();
    const startedAt = performance.now();
    const child = spawnServer(program, port);
    if (child.pid === undefined) throw new Error(`${program.name} did not start`);
    const server: Server = {
      name: program.name,
      pid: child.pid,
      port,
      startedAt,
      stop: async () => {
        this.#running.delete(server);
        await stop(child);
      },
    };
    this.#running.add(server);
    return server;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running].map((server) => server.stop()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Its log goes nowhere, as cheap as can be; what it says as it dies goes to the terminal. */
function spawnServer(program: ServerProgram, port: number): ChildProcess {
  const { PATH = '' } = process.env;
  const runtime = program.runtime ?? process.execPath;
  return spawn(runtime, [join(ROOT, program.program), ...(program.arguments ?? [])], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH,
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: String(port),
      HTTP_PORT: String(port),
      ...program.environment,
    },
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await exited;
  clearTimeout(timer);
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

async function untilListening(server: Server): Promise<void> {
  while (!(await accepts(server.port))) {
    if (!isAlive(server.pid)) throw new Error(`${server.name} ended before it listened`);
    if (performance.now() - server.startedAt > START_LIMIT_MS) {
      throw new Error(`${server.name} did not listen within ${START_LIMIT_MS / 1000} s`);
    }
    await sleep(5);
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Resident memory in MiB; undefined where the system has no /proc. */
export function residentMib(pid: number): number | undefined {
  try {
    const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? undefined : Number(kib) / 1024;
  } catch {
    return undefined;
  }
}

/** Processor time that a process has used, milliseconds; undefined where the system has no /proc. */
export function processorMs(pid: number): number | undefined {
  try {
    // After the name, which may hold anything: state is the third field, utime and stime the 14th and 15th.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return undefined;
  }
}

/** Of Linux's clock ticks, whatever the kernel was built with. */
const TICK_MS = 10;
