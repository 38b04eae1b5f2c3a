// Load shedding: the event loop is really blocked, and what is refused goes by its rank.
import { setTimeout as sleep } from 'node:timers/promises';
import fastify from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sendError } from '../../src/http/errors.ts';
import { shedLoad } from '../../src/http/load-shedding.ts';
import type { JobgateError } from '../../src/contract/errors.ts';

/** Each turn of the event loop takes this long from now on, until the function given is called. */
function lagBy(ms: number): () => void {
  let isLagging = true;
  const turn = () => {
    const begun = performance.now();
    while (performance.now() - begun < ms);
    if (isLagging) setImmediate(turn);
  };
  turn();
  return () => (isLagging = false);
}

const PATHS = {
  submit: '/v1/toolkit/job/submit',
  claim: '/v1/toolkit/worker/claim',
  status: '/v1/toolkit/job/status',
  complete: '/v1/toolkit/worker/complete',
  batchOfReads: '/trpc/job.status,job.get',
  batchWithList: '/trpc/job.status%2Cjobs.list',
  health: '/healthz',
};

/** A server whose every path answers 200, and the statuses it answers while turns take `lagMs`. */
async function statusesWhile(lagMs: number, limitMs: number) {
  const app = fastify();
  app.setErrorHandler((error: JobgateError, _request, reply) => sendError(reply, error));
  shedLoad(app, limitMs);
  app.get('/*', async () => 'ok');
  onTestFinished(() => app.close());
  await app.ready();
  const relax = lagBy(lagMs);
  onTestFinished(relax);
  // Two periods, so that the second is lag only.
  await sleep(2200);
  const answers = Object.entries(PATHS).map(async ([name, url]) => {
    const { statusCode, headers } = await app.inject({ method: 'GET', url });
    const isTold = statusCode === 200 || headers['retry-after'] === '2';
    return [name, isTold && statusCode] as const;
  });
  return Object.fromEntries(await Promise.all(answers));
}

const ALL = {
  submit: 503,
  claim: 503,
  status: 503,
  complete: 503,
  batchOfReads: 503,
  batchWithList: 503,
};

describe('while a turn of the loop takes 160 ms', () => {
  it.each([
    ['all but the health', 10, { ...ALL, health: 200 }],
    [
      'new work and claims',
      50,
      { ...ALL, status: 200, complete: 200, batchOfReads: 200, health: 200 },
    ],
    [
      'new work only',
      100,
      { ...ALL, claim: 200, status: 200, complete: 200, batchOfReads: 200, health: 200 },
    ],
  ])('503 for %s, at a limit of 160 by %i', async (_what, limitMs, expected) => {
    expect(await statusesWhile(160, limitMs)).toEqual(expected);
  });

  it('503 for nothing at a limit of 0', async () => {
    expect(new Set(Object.values(await statusesWhile(160, 0)))).toEqual(new Set([200]));
  });
});
