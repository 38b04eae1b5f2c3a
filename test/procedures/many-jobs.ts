// What jobs.cancel and jobs.retry have in common: which jobs they are about, and what they refuse.
import { describe, expect, it } from 'vitest';
import { expectAnswer, post, refusal, trpcClient, UNKNOWN_ID } from '../clients.ts';
import { createTestKey, type TestGateway } from '../gateway.ts';

export type ManyVerb = 'cancel' | 'retry';

const NO_FILTER = 'Say which jobs: give job_ids, or one of job_status, endpoint, id, since, until';
const BOTH = 'Give job_ids or a filter, not both';

/** `make` makes a job that the verb is for, of that caller's id. */
export function describeSelections(
  of: () => TestGateway,
  verb: ManyVerb,
  make: (id: string) => Promise<string>,
): void {
  const call = (body: object, key = of().keys.submit) =>
    of().request('POST', `/v1/toolkit/jobs/${verb}`, { key, body });
  const overTrpc = (body: object, key = of().keys.submit) =>
    trpcClient(of(), key).jobs[verb].mutate(body);
  const get = async (job_id: string) => (await post(of(), 'read', 'job/get', { job_id })).json;
  const statusOf = async (job_id: string) => (await get(job_id)).job_status;
  /** Rises with everything that happens to it. */
  const versionOf = async (job_id: string) => (await get(job_id)).version;

  describe('200', () => {
    it('by the caller’s id, once, and the others stay as they are', async () => {
      const [mine, other] = [await make(`${verb} mine`), await make(`${verb} other`)];
      const before = await statusOf(other);
      const answer = await call({ id: `${verb} mine` });
      expectAnswer(answer, 200, { matched: 1, changed: 1 });
      expect(await statusOf(mine)).not.toBe(before);
      expect(await statusOf(other)).toBe(before);
      expect(await overTrpc({ id: `${verb} mine` })).toEqual({ matched: 0, changed: 0 });
    });

    it('by job_ids, either case, each once, leaving out what is not there', async () => {
      const [a, b] = [await make('a'), await make('b')];
      const job_ids = [a, b.toUpperCase(), b, UNKNOWN_ID];
      expect(await overTrpc({ job_ids })).toEqual({ matched: 2, changed: 2 });
      expect((await call({ job_ids })).json).toEqual({ matched: 0, changed: 0 });
    });

    it('a dry run counts, and changes nothing', async () => {
      const job_id = await make(`${verb} dry`);
      const before = await versionOf(job_id);
      for (const which of [{ id: `${verb} dry` }, { job_ids: [job_id, UNKNOWN_ID] }]) {
        const asked = { ...which, dry_run: true };
        expect((await call(asked)).json).toEqual({ matched: 1, changed: 0 });
        expect(await overTrpc(asked)).toEqual({ matched: 1, changed: 0 });
      }
      expect(await versionOf(job_id)).toBe(before);
      expect((await call({ job_ids: [job_id] })).json).toEqual({ matched: 1, changed: 1 });
    });

    it('of another tenant none are found, by no way of naming them', async () => {
      const job_id = await make(`${verb} foreign`);
      const before = await versionOf(job_id);
      const key = await createTestKey(of().services, 'admin', 'other');
      for (const which of [{ id: `${verb} foreign` }, { job_ids: [job_id] }, { since: 0 }]) {
        for (const dry_run of [true, false]) {
          const asked = { ...which, dry_run };
          expect((await call(asked, key)).json).toEqual({ matched: 0, changed: 0 });
        }
      }
      expect(await versionOf(job_id)).toBe(before);
      await call({ job_ids: [job_id] });
    });
  });

  describe('400', () => {
    it.each([
      ['nothing says which', {}, '', NO_FILTER],
      ['only dry_run is there', { dry_run: true }, '', NO_FILTER],
      ['both say which', { job_ids: [UNKNOWN_ID], since: 0 }, 'job_ids', BOTH],
      ['an id is no UUID', { job_ids: [UNKNOWN_ID, 'x'] }, 'job_ids.1', 'Invalid UUID'],
      ['dry_run is no boolean', { since: 0, dry_run: 'yes' }, 'dry_run', /expected boolean/],
      ['there are no ids', { job_ids: [] }, 'job_ids', /Too small/],
      ['there are too many', { job_ids: Array(1001).fill(UNKNOWN_ID) }, 'job_ids', /Too big/],
      ['the state is none for it', { job_status: 'done' }, 'job_status', /expected one of/],
      ['a page is asked for', { since: 0, limit: 5 }, 'limit', 'Unknown property'],
    ])('where %s', async (_what, body, path, message) => {
      const { status, json } = await call(body);
      const issue = { path, message: expect.stringMatching(message) };
      expect({ status, issues: json.issues }).toEqual({ status: 400, issues: [issue] });
      const over = await refusal(overTrpc(body));
      expect(over).toMatchObject({ httpStatus: 400, issues: json.issues });
    });
  });
}
