// A job's events over Server-Sent Events, read with `fetch`, so that the key stays in its header.
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { JobEvent } from '../contract/job-event.ts';
import { GatewayError, NetworkError } from './gateway-error.ts';
import type { GatewayHttp } from './gateway-http.ts';
import { linkedController } from './signals.ts';

/** Nothing between the two passes events on as they come: asking again would not change that. */
export class StreamRefused extends Error {}

export interface StreamTiming {
  /** How soon the first byte must come: a gateway sends one at once. */
  startMs: number;
  /** How long it may be silent then: a gateway speaks every 15 s. */
  silenceMs: number;
}

export interface StreamRequest {
  jobId: string;
  /** `seq` of the last event that is known. */
  lastEventId: number | undefined;
  timing: StreamTiming;
  signal: AbortSignal;
  /** The gateway answers with a stream. */
  onOpen: () => void;
}

/**
 * The events after the last one known, up to the end of the job. Rejects with StreamRefused, or with
 * GatewayError, which a stream that ends sooner is as well.
 */
export async function* streamEvents(
  http: GatewayHttp,
  { jobId, lastEventId, timing, signal, onOpen }: StreamRequest,
): AsyncGenerator<JobEvent, void> {
  const { controller, release } = linkedController(signal);
  const patience = new Patience(controller, timing.startMs);
  try {
    const path = `job/events?job_id=${encodeURIComponent(jobId)}`;
    const response = await http.open(path, headersFor(lastEventId), controller.signal);
    if (response.status === 204) return;
    const body = bodyOf(response);
    onOpen();
    for await (const message of readMessages(body, patience, timing)) {
      yield JSON.parse(message.data) as JobEvent;
      if (message.event === 'end') return;
    }
    throw new NetworkError('The stream ended before the job', {});
  } catch (error) {
    throw toStreamError(error, http, patience);
  } finally {
    patience.end();
    release();
    controller.abort();
  }
}

/** Statuses that speak of the path, and not of the job or the moment. */
const NO_STREAM_HERE: readonly (number | undefined)[] = [404, 405, 406, 501];

function toStreamError(error: unknown, http: GatewayHttp, patience: Patience): unknown {
  if (error instanceof StreamRefused) return error;
  if (error instanceof GatewayError) {
    const isPath = error.name === 'GatewayError' && NO_STREAM_HERE.includes(error.status);
    return isPath ? new StreamRefused(error.message) : error;
  }
  // What waits for its first byte is held back by something that waits for the whole.
  if (patience.isOver && !patience.hasBegun) return new StreamRefused('silent');
  return http.unanswered(error, patience.ms);
}

function headersFor(lastEventId: number | undefined): Record<string, string> {
  const accept = { accept: 'text/event-stream' };
  return lastEventId === undefined ? accept : { ...accept, 'last-event-id': String(lastEventId) };
}

function bodyOf({ headers, body }: Response): ReadableStream<Uint8Array> {
  const type = headers.get('content-type') ?? '';
  if (!body || !type.startsWith('text/event-stream')) throw new StreamRefused(`it is ${type}`);
  return body;
}

async function* readMessages(
  body: ReadableStream<Uint8Array>,
  patience: Patience,
  { silenceMs }: StreamTiming,
): AsyncGenerator<EventSourceMessage, void> {
  const waiting: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => waiting.push(message) });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    patience.begin(silenceMs);
    parser.feed(decoder.decode(value, { stream: true }));
    yield* waiting.splice(0);
  }
}

/** Aborts a request that has been silent for too long. */
class Patience {
  readonly #controller: AbortController;
  ms: number;
  hasBegun = false;
  isOver = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(controller: AbortController, ms: number) {
    this.#controller = controller;
    this.ms = ms;
    this.#arm();
  }

  /** Something came: from now on for so long. */
  begin(ms: number): void {
    this.hasBegun = true;
    this.ms = ms;
    this.#arm();
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.isOver = true;
      this.#controller.abort();
    }, this.ms);
  }
}
