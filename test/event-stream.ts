// Reading streams in tests: Server-Sent Events as they come, as messages and as bytes.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { EventSourceMessage } from 'eventsource-parser';
import { onTestFinished } from 'vitest';
import type { JobEvent } from '../src/contract/job-event.ts';
import { readMessages } from './event-messages.ts';
import type { TestGateway } from './gateway.ts';

/** An open stream; `next` resolves to its next message, undefined once it has ended. */
export interface OpenStream {
  response: Response;
  next(): Promise<EventSourceMessage | undefined>;
  /** Every message up to the end. */
  rest(): Promise<EventSourceMessage[]>;
  /** The client goes away. */
  leave(): void;
}

export async function openStream(
  { url, keys }: Pick<TestGateway, 'url' | 'keys'>,
  jobId: string,
  lastEventId?: string,
): Promise<OpenStream> {
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  const response = await fetch(`${url}/v1/toolkit/job/events?job_id=${jobId}`, {
    headers: {
      'x-api-key': keys.read,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
    signal: controller.signal,
  });
  const messages = readMessages(response);
  const next = async () => (await messages.next()).value ?? undefined;
  return {
    response,
    next,
    rest: async () => {
      const all: EventSourceMessage[] = [];
      for (let one = await next(); one; one = await next()) all.push(one);
      return all;
    },
    leave: () => controller.abort(),
  };
}

export function eventOf(message: EventSourceMessage | undefined): JobEvent {
  return JSON.parse(message?.data ?? 'null') as JobEvent;
}

/** A stream as bytes, for what no client shows: comments, and a reader that stops reading. */
export class RawStream {
  readonly socket: Socket;
  #text = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes) => (this.#text += String(bytes)));
    socket.on('error', () => {});
  }

  static async open({ url, keys }: TestGateway, path: string): Promise<RawStream> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) });
    onTestFinished(() => void socket.destroy());
    const head = [`GET ${path} HTTP/1.1`, 'Host: x', `x-api-key: ${keys.read}`];
    const stream = new RawStream(socket);
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    return stream;
  }

  count(part: string): number {
    return this.#text.split(part).length - 1;
  }

  /** Resolves once `part` has come so many times. */
  async has(part: string, times = 1): Promise<void> {
    while (this.count(part) < times) await once(this.socket, 'data');
  }
}
