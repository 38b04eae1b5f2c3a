// A bare connection to a server: sends a request as text, and tells when the awaited text has come.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** When awaited text came (`performance.now()`), and what it was. */
export interface Arrival {
  at: number;
  text: string;
}

/** Longest wait for the awaited text, milliseconds. */
const STALL_MS = 60_000;

export class Line {
  readonly #socket: Socket;
  readonly #port: number;
  #received = '';
  #look: () => void = () => {};
  #fail: (error: Error) => void = () => {};

  private constructor(port: number, socket: Socket) {
    this.#port = port;
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: unknown) => {
      this.#received += String(text);
      this.#look();
    });
    socket.on('error', (error) => this.#fail(error));
    socket.on('end', () => this.#fail(new Error('the server closed the connection')));
  }

  static async open(port: number): Promise<Line> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new Line(port, socket);
  }

  /** What came before is forgotten. */
  send(request: string): void {
    this.#received = '';
    this.#socket.write(request, 'latin1');
  }

  /** Resolves when what was received since the last request matches. One caller at a time. */
  until(pattern: RegExp): Promise<Arrival> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(new Error(`no ${pattern} in time`)), STALL_MS);
      this.#fail = (error) => {
        clearTimeout(timer);
        const { message } = error;
        const received = this.#received.slice(0, 600);
        reject(new Error(`127.0.0.1:${this.#port}: ${message} after: ${received}`));
      };
      this.#look = () => {
        const text = pattern.exec(this.#received)?.[0];
        if (text === undefined) return;
        clearTimeout(timer);
        this.#look = () => {};
        this.#fail = () => {};
        resolve({ at: performance.now(), text });
      };
      this.#look();
    });
  }

  close(): void {
    this.#fail = () => {};
    this.#socket.destroy();
  }
}

/** Opens many, a few at a time: more at once than a server's backlog would wait for seconds. */
export async function openLines(port: number, count: number): Promise<Line[]> {
  const lines: Line[] = [];
  while (lines.length < count) {
    const more = Math.min(OPENED_AT_ONCE, count - lines.length);
    lines.push(...(await Promise.all(Array.from({ length: more }, () => Line.open(port)))));
  }
  return lines;
}

const OPENED_AT_ONCE = 100;
