// The load generator: a fixed number of keep-alive connections, each asking again when answered.
import { connect, type Socket } from 'node:net';

/** One request, and what a right answer to it looks like. */
export interface Exchange {
  /** The whole HTTP/1.1 request. */
  request: string;
  status: number;
  /** Text that a right answer's body contains. */
  marker: string;
}

export interface LoadOptions {
  port: number;
  connections: number;
  /** Ends after this time or this number of answers, whichever comes first. */
  seconds: number;
  answers?: number;
  /**
   * `previous`: the whole answer to the same connection's request before; empty for its first.
   * Undefined: there is nothing left to ask, and the connection ends.
   */
  next(previous: string): Exchange | undefined;
}

export interface LoadSample {
  answers: number;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
}

/** Longest wait for one answer before the run is given up, milliseconds. */
const STALL_MS = 15_000;

/**
 * Loads a server and measures it. Written on bare sockets because a general HTTP client costs more
 * than the servers measured here, and would then be what is measured. Throws on any wrong answer.
 */
export async function runLoad(options: LoadOptions): Promise<LoadSample> {
  const latencies: number[] = [];
  const startedAt = performance.now();
  const endsAt = startedAt + options.seconds * 1000;
  const isOver = () =>
    performance.now() >= endsAt || latencies.length >= (options.answers ?? Infinity);
  const record = (latencyMs: number) => void latencies.push(latencyMs);
  const loops = Array.from({ length: options.connections }, () =>
    new Connection(options, record, isOver).run(),
  );
  await Promise.all(loops);
  return summarize(latencies, (performance.now() - startedAt) / 1000);
}

/** Asks once; the whole answer as text. Throws on a wrong one. */
export async function askOnce(port: number, exchange: Exchange): Promise<string> {
  let over = false;
  const isOver = () => over;
  const connection = new Connection({ port, next: () => exchange }, () => (over = true), isOver);
  await connection.run();
  return connection.lastAnswer;
}

function summarize(latencies: number[], seconds: number): LoadSample {
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
  return {
    answers: sorted.length,
    perSecond: sorted.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}

class Connection {
  readonly #options: Pick<LoadOptions, 'port' | 'next'>;
  readonly #record: (latencyMs: number) => void;
  readonly #isOver: () => boolean;
  readonly #outcome = Promise.withResolvers<void>();
  #socket: Socket | undefined;
  #exchange: Exchange | undefined;
  #askedAt = 0;
  #received = '';
  lastAnswer = '';

  constructor(
    options: Pick<LoadOptions, 'port' | 'next'>,
    record: (latencyMs: number) => void,
    isOver: () => boolean,
  ) {
    this.#options = options;
    this.#record = record;
    this.#isOver = isOver;
  }

  /** Resolves when the run is over; rejects on a wrong answer or a broken connection. */
  run(): Promise<void> {
    this.#open();
    return this.#outcome.promise;
  }

  #open(): void {
    const socket = connect({ port: this.#options.port, host: '127.0.0.1', noDelay: true });
    socket.setEncoding('latin1');
    socket.setTimeout(STALL_MS, () => this.#fail('no answer in time'));
    socket.on('data', (text: unknown) => this.#receive(String(text)));
    socket.on('error', (error) => this.#fail(error.message));
    socket.on('end', () => {
      if (socket === this.#socket) this.#fail('the server closed the connection');
    });
    this.#socket = socket;
    this.#ask();
  }

  #ask(): void {
    this.#exchange = this.#options.next(this.lastAnswer);
    if (!this.#exchange) return this.#close();
    this.#askedAt = performance.now();
    this.#socket?.write(this.#exchange.request, 'latin1');
  }

  #receive(text: string): void {
    this.#received += text;
    const headLength = this.#received.indexOf('\r\n\r\n') + 4;
    if (headLength < 4 || !isComplete(this.#received, headLength)) return;
    this.#record(performance.now() - this.#askedAt);
    this.#finish(this.#received);
  }

  #finish(answer: string): void {
    this.#received = '';
    this.lastAnswer = answer;
    if (!isRight(answer, this.#exchange))
      return this.#fail(`wrong answer: ${answer.slice(0, 600)}`);
    if (this.#isOver()) return this.#close();
    // A server may limit the requests of a connection: that costs it a new one, as in real life.
    if (!/\r\nconnection: close/i.test(answer)) return this.#ask();
    this.#socket?.destroy();
    this.#open();
  }

  #close(): void {
    this.#socket?.destroy();
    this.#outcome.resolve();
  }

  #fail(reason: string): void {
    this.#socket?.destroy();
    this.#outcome.reject(new Error(`127.0.0.1:${this.#options.port}: ${reason}`));
  }
}

function isComplete(text: string, headLength: number): boolean {
  const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1];
  if (length !== undefined) return text.length >= headLength + Number(length);
  return text.endsWith('\r\n0\r\n\r\n') || text.endsWith('\r\n\r\n0\r\n\r\n');
}

function isRight(answer: string, exchange: Exchange | undefined): boolean {
  if (!exchange) return false;
  return answer.startsWith(`HTTP/1.1 ${exchange.status} `) && answer.includes(exchange.marker);
}
