// The processes of a trial: a real gateway and real workers, to be killed, stopped and woken.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { GatewayClient } from './gateway-client.ts';

/** The program as it is published: `tools/bundle.ts` makes it. */
export const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const WORKER = fileURLToPath(new URL('worker-program.ts', import.meta.url));

/** How long a process may take to start, or to stop when asked to. */
const PATIENCE_MS = 300_000;
const KEY = 'trial-admin-key';
/** Of a gateway's log, in an error. */
const LAST_LINES = 5;
/**
 * Asked more often, or by requests (which cost ten times a connection), this process would take from
 * the start the time that it measures: a third of a core, of two.
 */
const POLL_MS = 10;

/** The unit of Linux in /proc/<pid>/stat. */
const MS_PER_TICK = 10;

/** Of that in /proc/<pid>/schedstat. */
const NS_PER_MS = 1_000_000;

/** Those that run: none may outlive this process, however that ends. */
const running = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process that is certainly gone after `kill`. */
class Process {
  readonly #child: ChildProcess;
  /** Its last lines, for a report of what went wrong. */
  readonly #errors: string[] = [];
  readonly #ended: Promise<unknown>;

  constructor(args: string[], environment: Record<string, string>, onLine: (line: string) => void) {
    const { PATH = '' } = process.env;
    const child = spawn(process.execPath, args, {
      env: { PATH, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    running.add(child);
    this.#ended = once(child, 'close').then(() => running.delete(child));
    createInterface(child.stdout).on('line', onLine);
    createInterface(child.stderr).on('line', (line) => this.#errors.push(line));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get errors(): string {
    return this.#errors.join('\n');
  }

  /** Processor time it has used, milliseconds: what a start costs, whoever else is busy. */
  get cpuMs(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8');
    const [user = 0, system = 0] = stat.split(') ')[1]!.split(' ').slice(11, 13).map(Number);
    return (user + system) * MS_PER_TICK;
  }

  /** How long its main thread was ready to run and had no processor, milliseconds. */
  get waitedMs(): number {
    const schedstat = readFileSync(`/proc/${this.pid}/schedstat`, 'utf8');
    return Number(schedstat.split(' ')[1]) / NS_PER_MS;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it at once; resolves when all that it said was read. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Asks it to end; resolves to its exit code, null when it had to be killed. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE_MS);
    await this.#ended;
    clearTimeout(timer);
    return this.#child.exitCode;
  }
}

/** `jobgate serve` on a database in `folder`, on the same port after each start. */
export class GatewayProcess {
  readonly client: GatewayClient;
  readonly databasePath: string;
  readonly #port: number;
  readonly #environment: Record<string, string>;
  #process: Process | undefined;
  /** What it logged at `warn` and above. */
  readonly log: string[] = [];

  private constructor(folder: string, port: number, environment: Record<string, string>) {
    this.databasePath = join(folder, 'jobgate.db');
    this.#port = port;
    this.#environment = environment;
    this.client = new GatewayClient(`http://127.0.0.1:${port}`, KEY);
  }

  static async start(
    folder: string,
    environment: Record<string, string> = {},
  ): Promise<GatewayProcess> {
    const gateway = new GatewayProcess(folder, await findFreePort(), environment);
    await gateway.start();
    return gateway;
  }

  /** Resolves once it answers a request with a key. */
  async start(): Promise<void> {
    const environment = {
      HOST: '127.0.0.1',
      PORT: String(this.#port),
      DATABASE_URL: `file:${this.databasePath}`,
      API_KEY: KEY,
      LOG_LEVEL: 'warn',
      ...this.#environment,
    };
    const started = new Process([MAIN, 'serve'], environment, (line) => this.log.push(line));
    this.#process = started;
    for (const end = performance.now() + PATIENCE_MS; !(await this.#isReady());) {
      if (!started.isAlive || performance.now() > end) {
        const log = this.log.slice(-LAST_LINES).join('\n');
        throw new Error(`The gateway did not start: ${started.errors}\n${log}`);
      }
      await sleep(POLL_MS);
    }
  }

  async #isReady(): Promise<boolean> {
    return (await accepts(this.#port)) && this.client.isReady();
  }

  /** Resolves to the milliseconds from the kill until the next process answers. */
  async killAndStart(): Promise<number> {
    const killedAt = performance.now();
    await this.kill();
    await this.start();
    return performance.now() - killedAt;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  get cpuMs(): number {
    return this.#process?.cpuMs ?? 0;
  }

  get waitedMs(): number {
    return this.#process?.waitedMs ?? 0;
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  async stop(): Promise<number | null> {
    return (await this.#process?.stop()) ?? null;
  }
}

/** Whether anybody listens there. */
async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const isThere = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isThere;
}

/**
 * Below those that the system gives to clients: one that tries to reach a gateway that is down would
 * sooner or later be given the gateway's own port, connect to itself and keep the port from it.
 */
async function findFreePort(): Promise<number> {
  for (;;) {
    const port = LOWEST_PORT + Math.floor(Math.random() * (CLIENT_PORTS - LOWEST_PORT));
    const probe = createServer().listen(port, '127.0.0.1');
    const isFree = await once(probe, 'listening').catch(() => undefined);
    if (!isFree) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
}

const LOWEST_PORT = 10_240;
const CLIENT_PORTS = 32_768;

/** What a worker process tells: one of the product's worker events, or of its own. */
export interface Told {
  kind: string;
  workerId: string;
  jobId?: string;
  jobStatus?: string;
  message?: string;
  status?: number;
  reason?: string;
  verb?: string;
}

export interface WorkerSettings {
  client: GatewayClient;
  workerId: string;
  endpoints: string[];
  concurrency: number;
  leaseSeconds: number;
}

/** A worker in a process of its own, the product's or (`program`) another. */
export class WorkerProcess {
  readonly workerId: string;
  readonly #process: Process;
  readonly #told: Told[] = [];
  #onTold: () => void = () => {};

  constructor(settings: WorkerSettings, onTold: (told: Told) => void, program = WORKER) {
    const { client, workerId, endpoints, concurrency, leaseSeconds } = settings;
    this.workerId = workerId;
    const { url, apiKey } = client;
    const options = { url, apiKey, workerId, endpoints, concurrency, leaseSeconds };
    this.#process = new Process([program, JSON.stringify(options)], {}, (line) => {
      const told = { ...(JSON.parse(line) as Told), workerId };
      this.#told.push(told);
      onTold(told);
      this.#onTold();
    });
  }

  /** What it told first of this kind, past or to come. Rejects when it ends before. */
  async told(kind: string): Promise<Told> {
    for (const end = performance.now() + PATIENCE_MS; ;) {
      const found = this.#told.find((told) => told.kind === kind);
      if (found) return found;
      if (!this.#process.isAlive || performance.now() > end) {
        throw new Error(`${this.workerId} did not tell "${kind}": ${this.#process.errors}`);
      }
      const next = new Promise<void>((resolve) => (this.#onTold = resolve));
      await Promise.race([next, sleep(100)]);
    }
  }

  freeze(): void {
    this.#process.signal('SIGSTOP');
  }

  wake(): void {
    this.#process.signal('SIGCONT');
  }

  async kill(): Promise<void> {
    await this.#process.kill();
  }

  async stop(): Promise<number | null> {
    return this.#process.stop();
  }
}
