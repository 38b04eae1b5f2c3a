// The checker: keeps what was acknowledged, outside of the gateway, and says what no longer holds.
import type { GatewayClient } from '../gateway-client.ts';
import type { Told } from '../processes.ts';

/** What was sent with a job that was answered 202. */
export interface Submitted {
  payload: string;
  id: string;
}

/** An ended job as it was first seen: neither may change by a byte. */
interface End {
  view: string;
  envelope: string;
}

interface Seen {
  fence: number;
  version: number;
}

/** Faults named in a report; of the rest, that there are more. */
const MOST_FAULTS = 50;

export class Checker {
  readonly #client: GatewayClient;
  readonly #submitted = new Map<string, Submitted>();
  readonly #ends = new Map<string, End>();
  readonly #seen = new Map<string, Seen>();
  /** Jobs that a retry was asked for: their end may go until it is answered. */
  readonly #retrying = new Set<string>();
  /** Handler runs by job and worker, and accepted completions by job. */
  readonly #runs = new Map<string, number>();
  readonly #completions = new Map<string, string[]>();
  readonly faults: string[] = [];
  retries = 0;
  looks = 0;

  constructor(client: GatewayClient) {
    this.#client = client;
  }

  get jobs(): ReadonlyMap<string, Submitted> {
    return this.#submitted;
  }

  /** Jobs that were seen to have ended. */
  get ended(): string[] {
    return [...this.#ends.keys()];
  }

  get completions(): number {
    return this.#completions.size;
  }

  get handlerRuns(): number {
    return [...this.#runs.values()].reduce((sum, runs) => sum + runs, 0);
  }

  /** What is known up to now, to hold another gateway to: one that a backup of now was restored to. */
  copyFor(client: GatewayClient): Checker {
    const copy = new Checker(client);
    for (const [jobId, submitted] of this.#submitted) copy.#submitted.set(jobId, submitted);
    for (const [jobId, end] of this.#ends) copy.#ends.set(jobId, end);
    for (const [jobId, seen] of this.#seen) copy.#seen.set(jobId, seen);
    for (const [key, runs] of this.#runs) copy.#runs.set(key, runs);
    for (const [jobId, workers] of this.#completions) copy.#completions.set(jobId, workers);
    return copy;
  }

  fault(what: string): void {
    if (this.faults.length < MOST_FAULTS) this.faults.push(what);
    else this.faults[MOST_FAULTS] = 'and more';
  }

  noteSubmitted(jobId: string, submitted: Submitted): void {
    if (this.#submitted.has(jobId)) this.fault(`${jobId} was given to two submissions`);
    this.#submitted.set(jobId, submitted);
  }

  /** What the workers say: a handler that runs, a completion that was answered 200. */
  noteTold({ kind, jobId = '', jobStatus, workerId }: Told): void {
    const key = `${jobId} ${workerId}`;
    if (kind === 'run') this.#runs.set(key, this.runsOf(jobId, workerId) + 1);
    if (kind !== 'completed') return;
    const workers = [...(this.#completions.get(jobId) ?? []), workerId];
    this.#completions.set(jobId, workers);
    if (jobStatus !== 'done') this.fault(`${jobId} was completed and is ${jobStatus}`);
    if (workers.length > 1) this.fault(`${jobId} was completed by ${workers.join(' and ')}`);
  }

  runsOf(jobId: string, workerId: string): number {
    return this.#runs.get(`${jobId} ${workerId}`) ?? 0;
  }

  /** Workers whose completion of the job was accepted. */
  completersOf(jobId: string): readonly string[] {
    return this.#completions.get(jobId) ?? [];
  }

  /** Reads the job as it is now and holds it to what is known; undefined when there was no answer. */
  async look(jobId: string): Promise<any> {
    if (this.#retrying.has(jobId)) return undefined;
    const before = this.retries;
    const view = await this.#client.post('job/get', { job_id: jobId });
    const status = view && (await this.#client.post('job/status', { job_id: jobId }));
    // A retry may have been asked for meanwhile, and even be answered: what was read is of before it.
    const isStale = this.#retrying.has(jobId) || this.retries !== before;
    if (!view || !status || isStale) return undefined;
    this.looks += 1;
    if (view.status !== 200 || status.status !== 200) {
      this.fault(`${jobId} is answered ${view.status} and ${status.status}`);
      return undefined;
    }
    this.#holdToSeen(jobId, view.json);
    if (view.json.ended_at !== null)
      this.#holdToEnd(jobId, { view: view.text, envelope: envelopeOf(status.text) });
    else if (this.#ends.has(jobId)) this.fault(`${jobId} had ended and is ${view.json.job_status}`);
    return view.json;
  }

  #holdToSeen(jobId: string, { fence, version, payload }: any): void {
    const seen = this.#seen.get(jobId) ?? { fence: 0, version: 1 };
    if (fence < seen.fence) this.fault(`${jobId}: its fence fell from ${seen.fence} to ${fence}`);
    if (version < seen.version)
      this.fault(`${jobId}: version fell from ${seen.version} to ${version}`);
    this.#seen.set(jobId, { fence, version });
    if (JSON.stringify(payload) !== this.#submitted.get(jobId)?.payload) {
      this.fault(`${jobId} has another payload`);
    }
  }

  #holdToEnd(jobId: string, end: End): void {
    const known = this.#ends.get(jobId);
    if (!known) this.#ends.set(jobId, end);
    else if (known.view !== end.view)
      this.fault(`${jobId} changed after its end from ${known.view} to ${end.view}`);
    else if (known.envelope !== end.envelope) {
      this.fault(`${jobId}: its envelope changed from ${known.envelope} to ${end.envelope}`);
    }
  }

  /** Asks for a retry of an ended job; from then on its next end is the one to hold to. */
  async retry(jobId: string): Promise<void> {
    if (this.#retrying.has(jobId)) return;
    this.#retrying.add(jobId);
    const answer = await this.#client.postUntilAnswered('job/retry', { job_id: jobId });
    // 409: an earlier one, not answered, came through.
    if (answer.status !== 200 && answer.status !== 409) this.fault(`retry: ${answer.text}`);
    this.#ends.delete(jobId);
    this.#retrying.delete(jobId);
    this.retries += 1;
  }
}

/** The result envelope's own text inside of a status answer. */
function envelopeOf(text: string): string {
  return text.slice(text.indexOf('"response":{"endpoint"'), text.lastIndexOf('},"message":'));
}
