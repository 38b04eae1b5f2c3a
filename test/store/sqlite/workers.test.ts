// The workers in memory: bounded in number and in size, whoever spoke longest ago is forgotten first.
import { expect, it } from 'vitest';
import { SeenWorkers } from '../../../src/store/sqlite/workers.ts';
import { FakeClock } from '../../fake-clock.ts';
import { plansOf } from './query-plans.ts';

const TENANT = 'acme';

const claimOf = (workerId: string, endpoints: string[] = ['/v1/a'], tenant = TENANT) => ({
  tenant,
  workerId,
  workerPid: null,
  endpoints,
  max: 1,
  leaseSeconds: 30,
});

it('10,000 are remembered', () => {
  const seen = new SeenWorkers(new FakeClock());
  for (let n = 0; n < 10_000; n += 1) seen.noteClaim(claimOf(`w${n}`));
  seen.noteClaim(claimOf('w0'));
  seen.noteHolder(claimOf('w1'));
  for (let n = 0; n < 3; n += 1) seen.noteClaim(claimOf(`late${n}`, [], 'other'));
  const known = seen.of(TENANT);
  expect(known.size).toBe(9997);
  expect(['w0', 'w1', 'w2', 'w3', 'w4', 'w5'].map((id) => known.has(id))).toEqual([
    true,
    true,
    false,
    false,
    false,
    true,
  ]);
});

it('fewer of those that say very much', () => {
  const seen = new SeenWorkers(new FakeClock());
  const much = Array.from({ length: 100 }, (_, n) => `/${'x'.repeat(250)}${n}`);
  for (let n = 0; n < 2000; n += 1) seen.noteClaim(claimOf(`w${n}`, much));
  const known = [...seen.of(TENANT).keys()];
  expect(known.length).toBeGreaterThan(500);
  expect(known.length).toBeLessThan(700);
  expect(known.at(-1)).toBe('w1999');
  for (let n = 0; n < 10_000; n += 1) seen.noteClaim(claimOf(`small${n}`, []));
  expect(seen.of(TENANT).size).toBe(10_000);
});

it('none that was silent for ten minutes, once another speaks', () => {
  const clock = new FakeClock();
  const seen = new SeenWorkers(clock);
  seen.noteClaim(claimOf('gone'));
  seen.noteClaim(claimOf('there'));
  clock.advance(300_000);
  seen.noteHolder(claimOf('there'));
  clock.advance(299_999);
  seen.noteClaim(claimOf('new'));
  expect([...seen.of(TENANT).keys()]).toEqual(['gone', 'there', 'new']);
  clock.advance(1);
  seen.noteClaim(claimOf('new'));
  expect([...seen.of(TENANT).keys()]).toEqual(['there', 'new']);
});

it('one that claims again and again is one', () => {
  const seen = new SeenWorkers(new FakeClock());
  for (let n = 0; n < 20_000; n += 1) seen.noteClaim(claimOf('w', [`/v1/${n}`]));
  const [worker] = seen.of(TENANT).values();
  expect(seen.of(TENANT).size).toBe(1);
  expect(worker).toMatchObject({ workerId: 'w', endpoints: ['/v1/19999'] });
});

it('their jobs are looked up one by one', async () => {
  const plans = (await plansOf('select')).filter(({ sql }) =>
    /"progress" from "jobs".*json_each/.test(sql),
  );
  expect(plans.map(({ steps }) => steps[0])).toEqual([
    'SEARCH jobs USING INTEGER PRIMARY KEY (rowid=?)',
  ]);
});
