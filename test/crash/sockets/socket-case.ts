// One case of an attack on a socket: what is written, by name, and the means to write it.
import { setTimeout as sleep } from 'node:timers/promises';

/** What a case may write; each write resolves at once, whatever the server does. */
export interface Attacker {
  write(bytes: string | Uint8Array): void;
  /** Half-closes. */
  end(): void;
  /** False once the connection is closed. */
  isOpen(): boolean;
  /** A key with the scope `submit`. */
  key: string;
}

export interface SocketCase {
  name: string;
  attack(attacker: Attacker): void | Promise<void>;
  /** True: it is HTTP as it should be, and answered below 400. Default: 4xx, or closed. */
  isValid?: boolean;
  /** True: it takes nothing of its answer, and is closed. */
  neverReads?: boolean;
}

export const CRLF = '\r\n';
export const SUBMIT = '/v1/toolkit/job/submit';
export const BODY = '{"endpoint":"/attack"}';

export function once(name: string, bytes: string | Uint8Array): SocketCase {
  return { name, attack: ({ write }) => write(bytes) };
}

/** A request of these lines, and a body after them. */
export function lines(start: string, headers: string[], body = ''): string {
  return [start, ...headers, '', body].join(CRLF);
}

export function get(name: string, ...headers: string[]): SocketCase {
  return once(name, lines('GET /healthz HTTP/1.1', ['Host: x', ...headers]));
}

/** A submission with a good key, whose framing is the case. */
export function post(name: string, headers: string[], body = BODY): SocketCase {
  const attack = ({ write, key }: Attacker) => {
    write(lines(`POST ${SUBMIT} HTTP/1.1`, [...signed(key), ...headers], body));
  };
  return { name, attack };
}

export const signed = (key: string) => [
  'Host: x',
  `x-api-key: ${key}`,
  'Content-Type: application/json',
];

export const chunked = (name: string, body: string) =>
  post(name, ['Transfer-Encoding: chunked'], body);

export const startLine = (name: string, line: string) => once(name, lines(line, ['Host: x']));

export const valid = (each: SocketCase): SocketCase => ({ ...each, isValid: true });

/** Writes one after another while the server listens. */
export function slowly(
  name: string,
  parts: (key: string) => Iterable<string>,
  everyMs: number,
): SocketCase {
  const attack = async ({ write, isOpen, key }: Attacker) => {
    for (const part of parts(key)) {
      if (!isOpen()) return;
      write(part);
      await sleep(everyMs);
    }
  };
  return { name, attack };
}

export function* repeat(first: string, next: string, times: number): Iterable<string> {
  yield first;
  for (let i = 0; i < times; i += 1) yield next;
}

export const SMUGGLED = `GET /healthz HTTP/1.1${CRLF}Host: x${CRLF}${CRLF}`;
