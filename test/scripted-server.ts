// A server that answers as a real gateway would not on demand: one answer after the other, by script.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export type Answer = (response: ServerResponse, request: IncomingMessage) => unknown;

export interface ScriptedServer {
  url: string;
  /** What it was sent. */
  bodies: string[];
  /** The paths that were asked for. */
  paths: string[];
}

/** The last answer is given again to whatever else is asked. */
export async function startScriptedServer(...script: Answer[]): Promise<ScriptedServer> {
  const bodies: string[] = [];
  const paths: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    paths.push(request.url ?? '');
    bodies.push((await request.toArray()).join(''));
    const next = script.length > 1 ? script.shift() : script[0];
    next?.(response, request);
  };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies, paths };
}

export function json(status: number, body: object, headers: Record<string, string> = {}): Answer {
  return (response) => response.writeHead(status, headers).end(JSON.stringify(body));
}
