// A receiver of webhooks: a real HTTP server that keeps what came and answers as it is told.
import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Arrival {
  id: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** `hang` never answers, `close` closes the connection. */
export type Reply =
  | { status: number; headers?: Record<string, string>; body?: string; afterMs?: number }
  | 'hang'
  | 'close';

const OK: Reply = { status: 204 };

export class WebhookReceiver {
  readonly arrivals: Arrival[] = [];
  readonly url: string;
  /** What the next ones are answered; may be changed at any time. */
  reply: (arrival: Arrival) => Reply;
  /** Requests without an answer yet, now and at the most. */
  open = 0;
  mostOpen = 0;
  readonly #server: Server;
  readonly #waiters = new Set<() => void>();
  readonly #hanging = new Set<ServerResponse>();

  private constructor(server: Server, reply: (arrival: Arrival) => Reply) {
    this.#server = server;
    this.reply = reply;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { headers, url: path = '' } = request;
        const id = String(headers['webhook-id']);
        const body = Buffer.concat(chunks).toString();
        this.#take({ id, path, headers, body }, response);
      });
    });
  }

  static async start(reply: (arrival: Arrival) => Reply = () => OK): Promise<WebhookReceiver> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new WebhookReceiver(server, reply);
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Resolves when `condition` holds of what has arrived. */
  async until(condition: (arrivals: readonly Arrival[]) => boolean): Promise<void> {
    while (!condition(this.arrivals)) {
      await new Promise<void>((resolve) => this.#waiters.add(resolve));
    }
  }

  async untilArrived(count: number): Promise<readonly Arrival[]> {
    await this.until(({ length }) => length >= count);
    return this.arrivals;
  }

  /** Answers those that hang. */
  release(status = 200): void {
    for (const response of this.#hanging) response.writeHead(status).end();
    this.#hanging.clear();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #take(arrival: Arrival, response: ServerResponse): void {
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    response.once('close', () => (this.open -= 1));
    const reply = this.reply(arrival);
    if (reply === 'close') response.destroy();
    else if (reply === 'hang') this.#hanging.add(response);
    else {
      const { status, headers, body, afterMs } = reply;
      const answer = () => response.writeHead(status, headers).end(body);
      if (afterMs === undefined) answer();
      else setTimeout(answer, afterMs);
    }
    this.arrivals.push(arrival);
    for (const wake of this.#waiters) wake();
    this.#waiters.clear();
  }
}
