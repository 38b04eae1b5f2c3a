// What every endpoint that takes just a job_id refuses: what is no id, and a job it may not see.
import { describe, expect, it } from 'vitest';
import { expectAnswer, finishJob, post, refusal, trpcClient, UNKNOWN_ID } from '../clients.ts';
import { createTestKey, type TestGateway } from '../gateway.ts';

type Verb = 'cancel' | 'retry' | 'delete';

export function describeJobRefErrors(of: () => TestGateway, verb: Verb): void {
  const call = (body: object, key = of().keys.submit) =>
    of().request('POST', `/v1/toolkit/job/${verb}`, { key, body });

  const overTrpc = (body: object, key = of().keys.submit) =>
    refusal(trpcClient(of(), key).job[verb].mutate(body as never));

  describe('400', () => {
    it.each([
      ['missing', {}, 'job_id', 'Required'],
      ['null', { job_id: null }, 'job_id', 'Invalid input: expected string, received null'],
      ['no UUID', { job_id: 'mine' }, 'job_id', 'Invalid UUID'],
      ['beside another', { job_id: UNKNOWN_ID, jobid: 'x' }, 'jobid', 'Unknown property'],
    ])('where job_id is %s', async (_what, body, path, message) => {
      const issues = [{ path, message }];
      const error = `Invalid payload: ${path}: ${message}`;
      expectAnswer(await call(body), 400, { error, code: 400, issues });
      expect(await overTrpc(body)).toMatchObject({ message: error, httpStatus: 400, issues });
    });
  });

  describe('404', () => {
    it('for a job that is not there', async () => {
      const job_id = UNKNOWN_ID;
      expectAnswer(await call({ job_id }), 404, { error: 'Job not found', job_id });
      expect(await overTrpc({ job_id })).toMatchObject({ httpStatus: 404, job_id });
    });

    it('for a job of another tenant, which stays as it was', async () => {
      const { job_id } = await finishJob(of());
      const before = await post(of(), 'read', 'job/get', { job_id });
      const key = await createTestKey(of().services, 'admin', 'other');
      expectAnswer(await call({ job_id }, key), 404, { error: 'Job not found', job_id });
      expect(await overTrpc({ job_id }, key)).toMatchObject({ httpStatus: 404, job_id });
      expect((await post(of(), 'read', 'job/get', { job_id })).json).toEqual(before.json);
    });
  });
}

/** Refused over both transports because of its state, which it keeps. */
export async function expectIllegal(
  gateway: TestGateway,
  verb: Verb,
  job_id: string,
  { error, job_status }: { error: string; job_status: string },
): Promise<void> {
  const read = () => post(gateway, 'read', 'job/get', { job_id });
  const before = (await read()).json;
  const reason = 'illegal_transition';
  const answer = await post(gateway, 'submit', `job/${verb}`, { job_id });
  expectAnswer(answer, 409, { error, code: 409, reason, job_status });
  const client = trpcClient(gateway, gateway.keys.submit);
  const expected = { message: error, code: 'CONFLICT', httpStatus: 409, reason, job_status };
  expect(await refusal(client.job[verb].mutate({ job_id }))).toMatchObject(expected);
  expect((await read()).json).toEqual(before);
}
