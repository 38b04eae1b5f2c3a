// Conformance: what a named caller changed is noted in the same commit, and nothing else is.
import { describe, expect, it } from 'vitest';
import type { AuditQuery } from '../../../src/store/job-store.ts';
import { apiKey } from './keys.ts';
import { benchFor, expectRefusal, newJob, RETENTION_MS, TENANT, type Suite } from './harness.ts';

const EVERYTHING: AuditQuery = {
  tenant: null,
  keyId: null,
  action: null,
  target: null,
  since: null,
  until: null,
  limit: 100,
  cursor: null,
};

export function auditTests(suite: Suite): void {
  describe('audit', () => {
    async function setUp() {
      const bench = await benchFor(suite);
      const list = async (query: Partial<AuditQuery> = {}) =>
        (await bench.store.listAudit({ ...EVERYTHING, ...query })).entries.toReversed();
      const told = async (query: Partial<AuditQuery> = {}) =>
        (await list(query)).map(({ keyId, action, target }) => `${keyId} ${action} ${target}`);
      return { bench, list, told };
    }

    it('has who did what to which job, once for each change', async () => {
      const { bench, told, list } = await setUp();
      const { store } = bench;
      const jobs = await store.submit([newJob(), newJob({ tenant: 'other' })], 'anna');
      const [a, b] = jobs.map(({ jobId }) => jobId) as [string, string];
      const ref = { tenant: TENANT, jobId: a };
      await store.cancel(ref, 'ben');
      await store.cancel(ref, 'ben');
      bench.clock.advance(5);
      await store.retry(ref, 'cleo');
      expect(await store.cancelMany(TENANT, [a, b], 'dora')).toEqual({ matched: 1, changed: 1 });
      expect(await store.retryMany(TENANT, [a], 'ed')).toEqual({ matched: 1, changed: 1 });
      await bench.claimOne();
      await store.cancel(ref, 'ben');
      await store.cancel(ref, 'ben');
      await bench.pass(60_000);
      await store.delete(ref, 'finn');
      expect(await told()).toEqual([
        `anna job.submit ${a}`,
        `anna job.submit ${b}`,
        `ben job.cancel ${a}`,
        `cleo job.retry ${a}`,
        `dora job.cancel ${a}`,
        `ed job.retry ${a}`,
        `ben job.cancel ${a}`,
        `finn job.delete ${a}`,
      ]);
      const [first] = await list({ tenant: 'other' });
      const at = bench.clock.now() - 60_005;
      expect(first).toMatchObject({ tenant: 'other', at, target: b, detail: null });
    });

    it('has nothing of what was refused, replayed, or done by nobody', async () => {
      const { bench, told } = await setUp();
      const { store } = bench;
      const idempotency = { key: 'k', digest: 'd', ttlMs: 1000 };
      const [job] = await store.submit([newJob({ idempotency })]);
      await store.submit([newJob({ idempotency })], 'anna');
      const ref = { tenant: TENANT, jobId: job!.jobId };
      await expectRefusal(store.retry(ref, 'anna'), 'illegal_transition');
      await expectRefusal(store.delete(ref, 'anna'), 'illegal_transition');
      await expectRefusal(store.cancel({ ...ref, tenant: 'other' }, 'anna'), 'job_not_found');
      await store.cancelMany('other', [ref.jobId], 'anna');
      await store.cancel(ref);
      const wrong = newJob({ idempotency: { ...idempotency, digest: 'e' } });
      await expectRefusal(store.submit([newJob(), wrong], 'anna'), 'idempotency_mismatch');
      expect(await told()).toEqual([]);
    });

    it('has who did what to keys and secrets, and no secret', async () => {
      const { bench, told, list } = await setUp();
      const { store } = bench;
      await store.createKey(apiKey('one'), 'anna');
      await store.rotateKey('one', apiKey('two'), 9000, 'ben');
      await store.revokeKey('one', 1, 'cleo');
      await store.revokeKey('one', 2, 'cleo');
      await store.revokeKey('none', 2, 'cleo');
      await store.rotateWebhookSecret(TENANT, 'whsec_x', 0, 'dora');
      expect(await told()).toEqual([
        'anna keys.create one',
        'ben keys.rotate one',
        'cleo keys.revoke one',
        `dora webhook.secret ${TENANT}`,
      ]);
      expect(await list({ keyId: 'ben' })).toMatchObject([{ detail: { next: 'two' } }]);
      expect(JSON.stringify(await list())).not.toMatch(/whsec|hash/i);
    });

    it('is read by every filter and page by page, newest first, also over a restart', async () => {
      const { bench, told, list } = await setUp();
      const { store } = bench;
      const start = bench.clock.now();
      const ids: string[] = [];
      for (const by of ['a', 'b', 'a', 'b', 'a']) {
        ids.push((await store.submit([newJob()], by))[0]!.jobId);
        bench.clock.advance(1);
      }
      await store.cancel({ tenant: TENANT, jobId: ids[0]! }, 'b');
      await bench.restart();
      expect(await list({ keyId: 'b' })).toHaveLength(3);
      expect(await list({ action: 'job.cancel' })).toHaveLength(1);
      expect(await list({ target: ids[0]! })).toHaveLength(2);
      expect(await list({ tenant: 'other' })).toEqual([]);
      expect(await list({ since: start + 1, until: start + 2 })).toHaveLength(2);
      const pages: number[][] = [];
      let cursor: string | null = null;
      do {
        const page = await bench.store.listAudit({ ...EVERYTHING, limit: 4, cursor });
        pages.push(page.entries.map(({ seq }) => seq));
        cursor = page.nextCursor;
      } while (cursor !== null);
      expect(pages).toEqual([
        [6, 5, 4, 3],
        [2, 1],
      ]);
      expect(await told()).toHaveLength(6);
      for (const wrong of ['', 'x', '-1']) {
        const call = bench.store.listAudit({ ...EVERYTHING, cursor: wrong });
        await expectRefusal(call, 'invalid_payload');
      }
    });

    it('a page looks through so much and no more, and the next goes on', async () => {
      const { bench } = await setUp();
      await bench.store.submit([newJob()], 'rare');
      for (let i = 0; i < 6; i += 1) {
        await bench.store.submit(
          Array.from({ length: 1000 }, () => newJob()),
          'often',
        );
      }
      const query = { ...EVERYTHING, keyId: 'rare' };
      const first = await bench.store.listAudit(query);
      expect(first).toEqual({ entries: [], nextCursor: expect.any(String) });
      const second = await bench.store.listAudit({ ...query, cursor: first.nextCursor });
      expect(second).toMatchObject({ entries: [{ keyId: 'rare' }], nextCursor: null });
    });

    it('entries past the retention go, oldest first, a few at a time', async () => {
      const { bench, told } = await setUp();
      await bench.store.submit([newJob(), newJob(), newJob()], 'old');
      bench.clock.advance(RETENTION_MS - 1);
      expect(await bench.store.pruneAudit(2)).toBe(0);
      await bench.store.submit([newJob()], 'new');
      bench.clock.advance(1);
      expect(await bench.store.pruneAudit(2)).toBe(2);
      expect(await bench.store.pruneAudit(2)).toBe(1);
      expect(await bench.store.pruneAudit(2)).toBe(0);
      expect(await told()).toEqual([expect.stringMatching(/^new /)]);
    });
  });
}
