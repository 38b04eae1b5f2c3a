// Server-Sent Events: a job's events at GET /v1/toolkit/job/events, resumable by their ids.
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { invalidPayload, jobNotFound } from '../contract/errors.ts';
import { jobId } from '../contract/fields.ts';
import type { JobEvent } from '../contract/job-event.ts';
import type { EventSink } from '../queue/event-feed.ts';
import { eventSeq, JOB_EVENTS_PATH } from '../procedures/job-watch.ts';
import { KEEP_ALIVE_MS, refuseScope, toPublicError, type Services } from '../procedures/trpc.ts';
import { authenticate, RequestContext } from './context.ts';
import type { MountedPaths } from './rest.ts';

/** How soon a browser comes back, milliseconds. */
const RETRY_MS = 3000;

/** Each turn takes its share of the streams: ten thousand comments at once would be a pause for all. */
const TURNS = 150;

/** What a reader may leave unread; one that leaves more is cut off, and resumes where it was. */
const MAX_UNREAD_BYTES = 256 * 1024;

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  // nginx and those that follow it must not keep events back.
  'x-accel-buffering': 'no',
  connection: 'close',
};

const FAILURE = 'follow the job';

const query = z.strictObject({ job_id: jobId });

export function mountJobEvents(
  app: FastifyInstance,
  services: Services,
  mounted: MountedPaths,
): void {
  const streams = new Streams();
  app.addHook('onClose', async () => streams.stop());
  app.route({
    method: 'GET',
    url: JOB_EVENTS_PATH,
    // A HEAD would have to be a stream without an end.
    exposeHeadRoute: false,
    onRequest: (request, reply) => authenticate(services, request, reply, FAILURE),
    handler: (request, reply) => followOrRefuse(services, streams, request, reply),
  });
  mounted.set(JOB_EVENTS_PATH, { methods: ['GET'], open: false });
}

async function followOrRefuse(
  services: Services,
  streams: Streams,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const ctx = new RequestContext(services, request, reply);
  refuseScope(ctx, 'read');
  try {
    const asked = query.parse(request.query);
    const after = readLastEventId(ctx.header('last-event-id'));
    const ref = { tenant: ctx.principal.tenant, jobId: asked.job_id };
    const found = await services.feed.look(ref, after);
    if (found === 'gone') throw jobNotFound(ref.jobId);
    // A browser comes back after every end of a stream, unless it is told that there is no more.
    if (found === 'over') return await reply.code(204).header('cache-control', 'no-store').send();
    reply.hijack();
    const stream = streams.open(reply);
    stream.onClose(services.feed.followJob(ref, after, stream));
    ctx.whenKeyEnds(() => stream.end());
    return reply;
  } catch (error) {
    throw toPublicError(error, FAILURE);
  }
}

/** The id of the event the caller has; 0 for none. Throws `invalid_payload`. */
function readLastEventId(header: string | undefined): number {
  const read = eventSeq.safeParse(header === undefined || header === '' ? '0' : header);
  if (read.success) return read.data;
  throw invalidPayload([{ path: 'Last-Event-ID', message: 'Must be the id of an event' }]);
}

/** All open streams, and the one interval that keeps them alive. */
class Streams {
  readonly #byTurn = Array.from({ length: TURNS }, () => new Set<EventStream>());
  #interval: NodeJS.Timeout | undefined;
  #size = 0;
  #opened = 0;
  #turn = 0;

  open(reply: FastifyReply): EventStream {
    const stream = new EventStream(reply);
    const turn = this.#byTurn[this.#opened % TURNS];
    this.#opened += 1;
    this.#size += 1;
    turn?.add(stream);
    this.#interval ??= setInterval(() => this.#keepAlive(), KEEP_ALIVE_MS / TURNS);
    stream.onClose(() => {
      if (turn?.delete(stream)) this.#size -= 1;
      if (this.#size === 0) this.#rest();
    });
    return stream;
  }

  stop(): void {
    this.#rest();
    for (const turn of this.#byTurn) for (const stream of turn) stream.end();
  }

  #keepAlive(): void {
    for (const stream of this.#byTurn[this.#turn] ?? []) stream.write(': keep-alive\n\n');
    this.#turn = (this.#turn + 1) % TURNS;
  }

  #rest(): void {
    clearInterval(this.#interval);
    this.#interval = undefined;
  }
}

/** One response, never buffered beyond its bound. */
class EventStream implements EventSink {
  readonly #response: ServerResponse;

  constructor(reply: FastifyReply) {
    const response = reply.raw;
    this.#response = response;
    // A connection that breaks is no failure of ours; `close` follows.
    response.on('error', () => {});
    const decided = reply.getHeaders() as OutgoingHttpHeaders;
    response.writeHead(200, { ...decided, ...HEADERS });
    this.write(`retry: ${RETRY_MS}\n\n`);
  }

  onClose(listener: () => void): void {
    if (this.#response.destroyed) listener();
    else this.#response.once('close', listener);
  }

  send(event: JobEvent, isLast: boolean): void {
    this.write(`id: ${event.seq}\nevent: ${isLast ? 'end' : 'change'}\ndata: ${textOf(event)}\n\n`);
  }

  write(text: string): void {
    if (this.#response.writableEnded || this.#response.destroyed) return;
    this.#response.write(text);
    if (this.#response.writableLength > MAX_UNREAD_BYTES) this.#response.destroy();
  }

  async drained(): Promise<void> {
    const response = this.#response;
    if (!response.writableNeedDrain || response.destroyed) return;
    await new Promise<void>((resolve) => {
      const goOn = () => {
        response.off('drain', goOn).off('close', goOn);
        resolve();
      };
      response.on('drain', goOn).on('close', goOn);
    });
  }

  end(): void {
    this.#response.end();
  }
}

/** Written once, however many follow. */
const texts = new WeakMap<JobEvent, string>();

function textOf(event: JobEvent): string {
  const known = texts.get(event) ?? JSON.stringify(event);
  texts.set(event, known);
  return known;
}
