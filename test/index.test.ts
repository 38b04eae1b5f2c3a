// The package as its users import it: these names, and no server behind them.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as jobgate from '../src/index.ts';

const INDEX = fileURLToPath(new URL('../src/index.ts', import.meta.url));

describe('the package', () => {
  it('gives the contract and the worker', () => {
    expect(Object.keys(jobgate).toSorted()).toEqual([
      'ATTEMPT_OUTCOMES',
      'CANCELLED_CODE',
      'GatewayError',
      'HTTP_STATUS',
      'JOB_STATUSES',
      'JobAborted',
      'JobFailure',
      'SCOPES',
      'TRANSITIONS',
      'TRPC_CODE',
      'allows',
      'canTransition',
      'createWorker',
      'envelopeSchema',
      'hasEnded',
      'jobView',
      'resultEnvelope',
      'statusEnvelope',
      'statusResponse',
    ]);
  });

  it('loads no server and no database', () => {
    const program = `
      import { registerHooks } from 'node:module';
      const loaded = [];
      registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
      await import(${JSON.stringify(INDEX)});
      console.log(loaded.join('\\n'));`;
    const loaded = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    });
    expect(loaded).toContain('/src/worker/worker.ts');
    expect(loaded).not.toMatch(
      /fastify|better-sqlite3|drizzle|@trpc|trpc-openapi|src\/(http|store|db)\//,
    );
  });
});
