// The fuzzing, some of it: `npm run test:fuzz -- --runs 1000` has as many requests as wanted.
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { OPERATIONS } from './operations.ts';
import { runFuzz } from './trial.ts';

const RUNS = 200;

it('every answer is as the document says', { timeout: 240_000 }, async () => {
  const seed = Date.now() % 1_000_000;
  const { operations, faults } = await runFuzz({ runs: RUNS, seed });
  expect({ seed, faults }).toEqual({ seed, faults: [] });
  expect(operations.length).toBe(OPERATIONS.length);
  expect(operations.every(({ requests }) => requests === RUNS)).toBe(true);
  // It is not fuzzed by refusals alone.
  const neverTaken = operations.filter(({ statuses }) => !statuses[200] && !statuses[202]);
  expect(neverTaken.map(({ id }) => id)).toEqual([]);
});

type Answer = { status: number; body: string };

const status = (from: number, to: number) => (answer: Answer) => ({
  ...answer,
  status: answer.status === from ? to : answer.status,
});

const text = (from: string | RegExp, to: string) => (answer: Answer) => ({
  ...answer,
  body: answer.body.replace(from, to),
});

/** What a gateway could do wrong, by operation, and how it is told. */
const SPOILS: [string, string, (answer: Answer) => Answer, string][] = [
  [
    'a status that is not documented',
    'job-status',
    status(200, 201),
    'which openapi.json does not',
  ],
  ['a renamed field', 'jobs-stats', text('"queue_length"', '"queue"'), 'with another body'],
  ['a failure', 'job-cancel', status(404, 500), 'a failure: 500'],
  ['a stack', 'worker-claim', text('Invalid', '\\n    at parse (a.ts:1:3)'), 'of the inside'],
  ['SQL', 'jobs-list', text('Invalid', 'SQLITE_ERROR'), 'of the inside: SQLITE_'],
  ['what is wrong, taken', 'keys-create', status(400, 401), 'not 400, though'],
  ['another place named', 'job-submit', text(/"path":"/g, '"path":"other.'), 'is not named'],
  ['an open door', 'toolkit-authenticate', status(401, 403), 'not 401'],
];

it('the judge finds what a gateway does wrong', async () => {
  const spoils = new Map(
    SPOILS.map(([, id, spoil]) => [`/v1/toolkit/${id.replace('-', '/')}`, spoil]),
  );
  spoils.set('/v1/toolkit/authenticate', status(401, 403));
  const through = await proxy((path, answer) => spoils.get(path)?.(answer) ?? answer);
  const only = SPOILS.map(([, id]) => id);
  const { faults } = await runFuzz({ runs: 40, seed: 1, only, through });
  const missed = SPOILS.filter(
    ([, id, , told]) => !faults.some((fault) => fault.startsWith(`${id},`) && fault.includes(told)),
  );
  expect(missed.map(([what]) => what)).toEqual([]);
});

/** Between the fuzzing and the gateway: changes what is answered. */
async function proxy(
  spoil: (path: string, answer: Answer) => Answer,
): Promise<(url: string) => string> {
  let target = '';
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url?.split('?')[0] ?? '';
    pass(target, incoming, outgoing, (answer) => spoil(path, answer));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return (url) => {
    target = url;
    return `http://127.0.0.1:${port}`;
  };
}

function pass(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  spoil: (answer: Answer) => Answer,
): void {
  const { hostname, port } = new URL(target);
  const { method = '', url: path = '', rawHeaders: headers } = incoming;
  const onward = request({ hostname, port, method, path, headers });
  onward.on('response', (answer) => {
    let whole = '';
    answer.setEncoding('utf8').on('data', (chunk: string) => (whole += chunk));
    answer.on('end', () => {
      const spoiled = spoil({ status: answer.statusCode ?? 0, body: whole });
      const { 'content-length': _, ...kept } = answer.headers;
      outgoing.writeHead(spoiled.status, kept).end(spoiled.body);
    });
  });
  incoming.pipe(onward);
}
