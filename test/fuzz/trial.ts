// One trial: so many requests to each operation, several at once, each answer judged.
import * as fc from 'fast-check';
import { faultsOf } from './judge.ts';
import { OPERATIONS, type Operation } from './operations.ts';
import { requestsFor, type FuzzRequest } from './requests.ts';
import { Sender, type FuzzAnswer } from './sender.ts';
import { replaceStandIns } from './stand-ins.ts';
import { LoopLag } from './loop-lag.ts';
import { World } from './world.ts';

export interface FuzzOptions {
  /** Requests to each operation. */
  runs: number;
  seed: number;
  /** The ids of the only operations. Default: all. */
  only?: readonly string[] | undefined;
  /** Another way to the gateway, such as a proxy; given its URL. Default: none. */
  through?: (url: string) => string;
  onRun?: (done: number, all: number) => void;
}

export interface OperationReport {
  id: string;
  requests: number;
  /** Answers by status. */
  statuses: Record<number, number>;
  ms: number[];
  faults: number;
}

export interface FuzzReport {
  operations: OperationReport[];
  /** Each with its request and answer. */
  faults: string[];
  /** How long it took, and of that in the processor, milliseconds. */
  tookMs: number;
  cpuMs: number;
}

const AT_ONCE = 16;

/** Of one piece of work, in which nobody else is served. */
const MAX_HELD_MS = 1000;

/** Of each operation; a fault that comes with each request would fill the screen. */
const FAULTS_TOLD = 5;

const MOST_SHOWN = 1500;
const MOST_OF_HEADER = 100;

/** Throws when `only` is no operation of the document. */
export async function runFuzz(options: FuzzOptions): Promise<FuzzReport> {
  const operations = OPERATIONS.filter(({ id }) => options.only?.includes(id) ?? true);
  if (operations.length === 0) throw new TypeError(`openapi.json has no ${options.only?.join()}`);
  const began = { at: performance.now(), cpu: process.cpuUsage() };
  const plan = planOf(operations, options);
  const world = await World.make();
  const sender = new Sender((options.through ?? String)(world.gateway.url), AT_ONCE);
  const lag = new LoopLag();
  const trial = new Trial(world, sender, lag);
  try {
    await trial.run(plan, options.onRun);
  } finally {
    lag.stop();
    await sender.close();
    await world.close();
  }
  const { user, system } = process.cpuUsage(began.cpu);
  const tookMs = performance.now() - began.at;
  return { ...trial.report, tookMs, cpuMs: (user + system) / 1000 };
}

type Plan = { operation: Operation; request: FuzzRequest }[];

/** Each with a seed of its own, or all would pick the same job at the same time. By turns: what one operation leaves behind is what the next one finds. */
function planOf(operations: Operation[], { runs, seed }: FuzzOptions): Plan {
  const all = operations.map((operation) =>
    fc
      .sample(requestsFor(operation), { numRuns: runs, seed: seed + OPERATIONS.indexOf(operation) })
      .map((request) => ({ operation, request })),
  );
  return Array.from({ length: runs }, (_, run) => all.map((requests) => requests[run]!)).flat();
}

class Trial {
  readonly report: Pick<FuzzReport, 'operations' | 'faults'> = { operations: [], faults: [] };
  readonly #byId = new Map<string, OperationReport>();
  readonly #world: World;
  readonly #sender: Sender;
  readonly #lag: LoopLag;

  constructor(world: World, sender: Sender, lag: LoopLag) {
    this.#world = world;
    this.#sender = sender;
    this.#lag = lag;
  }

  async run(plan: Plan, onRun: FuzzOptions['onRun']): Promise<void> {
    let next = 0;
    const worker = async () => {
      for (let step = plan[next++]; step; step = plan[next++]) {
        await this.#runOne(step.operation, step.request);
        onRun?.(next, plan.length);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const { heldMs } = this.#lag;
    if (heldMs > MAX_HELD_MS) this.report.faults.push(`all: held up for ${heldMs} ms`);
  }

  async #runOne(operation: Operation, planned: FuzzRequest): Promise<void> {
    const request = this.#realOf(operation, planned);
    const report = this.#reportOf(operation);
    report.requests += 1;
    const lateBefore = this.#lag.lateMs;
    const answer = await this.#sender.send(withKey(request, this.#world)).catch(toError);
    if (answer instanceof Error) {
      return this.#note(report, [`no answer: ${answer.message}`], request, 'nothing');
    }
    const lateMs = this.#lag.lateMs - lateBefore;
    report.statuses[answer.status] = (report.statuses[answer.status] ?? 0) + 1;
    report.ms.push(answer.ms);
    const faults = faultsOf({ operation, request, answer, lateMs });
    // Of one that was sent at the same time, it may be: an error is logged for failures only.
    const logged = this.#world.log.splice(0).join('').slice(0, MOST_SHOWN);
    if (logged !== '') faults.push(`logged: ${logged}`);
    this.#note(report, faults, request, describe(answer));
    await this.#world.note(operation.id, request, answer);
  }

  #realOf({ id }: Operation, request: FuzzRequest): FuzzRequest {
    const real = (text: string) =>
      replaceStandIns(text, (kind, number) => this.#world.find(kind, number, id));
    const { body } = request;
    return {
      ...request,
      path: real(request.path),
      body: typeof body === 'string' ? real(body) : body,
    };
  }

  #reportOf({ id }: Operation): OperationReport {
    const known = this.#byId.get(id);
    if (known) return known;
    const made = { id, requests: 0, statuses: {}, ms: [], faults: 0 };
    this.#byId.set(id, made);
    this.report.operations.push(made);
    return made;
  }

  #note(report: OperationReport, faults: string[], request: FuzzRequest, answer: string): void {
    if (faults.length === 0) return;
    report.faults += 1;
    if (report.faults > FAULTS_TOLD) return;
    const asked = `${request.method} ${request.path}`.slice(0, MOST_SHOWN / 3);
    const body = JSON.stringify(request.body?.toString())?.slice(0, MOST_SHOWN);
    const headers = request.headers.map((text) => text.slice(0, MOST_OF_HEADER));
    const sent = `${asked} key=${maskedKey(request)} ${JSON.stringify(headers)} ${body}`;
    this.report.faults.push(
      `${report.id}, ${request.kind}: ${faults.join('; ')}\n  sent ${sent}\n  got ${answer}`,
    );
  }
}

function withKey(request: FuzzRequest, world: World) {
  const { key } = request;
  const text = typeof key === 'string' ? world.keyText(key) : key.text;
  const headers = text === undefined ? [] : ['x-api-key', text];
  const { method, path, body, chunked } = request;
  return { method, path, body, chunked, headers: [...headers, ...request.headers] };
}

/** Whose it is, never what it is. */
function maskedKey({ key }: FuzzRequest): string {
  return typeof key === 'string' ? `<${key}>` : JSON.stringify(key.text.slice(0, 20));
}

const toError = (reason: unknown) => reason as Error;

function describe({ status, headers, text, ms }: FuzzAnswer): string {
  const type = headers.get('content-type');
  return `${status} ${type} in ${Math.round(ms)} ms: ${text.slice(0, MOST_SHOWN)}`;
}
