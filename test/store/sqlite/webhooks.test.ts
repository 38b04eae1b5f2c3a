// Webhooks in the file: read from the indexes made for them, and added to databases from before.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import { madeByFirstVersion } from './first-version.ts';
import { plansOf } from './query-plans.ts';
import { expectTruth, openTestStore, newJob } from './world.ts';

const stepsOf = async (verb: 'select' | 'delete', sql: RegExp) => {
  const plans = (await plansOf(verb)).filter((plan) => sql.test(plan.sql));
  expect(plans).not.toEqual([]);
  return plans.flatMap(({ steps }) => steps);
};

it('what is due next is read in order, with no sort', async () => {
  const steps = await stepsOf('select', /"host" = .* order by "webhook_deliveries"/);
  expect(steps[0]).toMatch(/USING INDEX webhook_deliveries_next/);
  expect(steps.filter((step) => /TEMP B-TREE|SCAN/.test(step))).toEqual([]);
});

it('those that failed are read from their index, in order, and counted in it', async () => {
  const failed = await stepsOf('select', /state = 'failed'.* order by "webhook_deliveries"/);
  const [first, ...others] = failed;
  expect(first).toMatch(
    /^SEARCH webhook_deliveries USING INDEX webhook_deliveries_failed \(tenant=\?\)$/,
  );
  expect(others).toEqual(['SEARCH jobs USING INTEGER PRIMARY KEY (rowid=?)']);
  const counted = await stepsOf('select', /count\(\*\) from \(select .*state = 'failed'/);
  expect(counted).toContainEqual(
    'SEARCH webhook_deliveries USING COVERING INDEX webhook_deliveries_failed (tenant=?)',
  );
});

it('hosts are found among what is pending only', async () => {
  const steps = await stepsOf(
    'select',
    /from "webhook_deliveries" where state = 'pending' group by/,
  );
  expect(steps).toEqual([expect.stringMatching(/USING COVERING INDEX webhook_deliveries_next/)]);
});

it('whether a job past its retention has told its end is looked up, job by job', async () => {
  const steps = await stepsOf('select', /not exists \(select 1 from webhook_deliveries/);
  expect(steps.filter((step) => step.startsWith('SCAN'))).toEqual([]);
  expect(steps).toContainEqual(expect.stringMatching(/webhook_deliveries USING INDEX \w+_job /));
});

it('a database from before them is brought up to date with everything in it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'jobgate-upgrade-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'jobgate.db');
  const world = madeByFirstVersion(path);
  const upgraded = openTestStore(path);
  await expectTruth(upgraded, world);
  expect(await upgraded.listWebhookHosts()).toEqual([]);
  const [{ jobId } = { jobId: '' }] = await upgraded.submit([newJob({})]);
  await upgraded.cancel({ tenant: 'default', jobId });
  expect(await upgraded.listWebhookHosts()).toHaveLength(1);
  await upgraded.close();
});

it('one whose end is damaged says so, so that the next of its host has its turn', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'jobgate-ending-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'jobgate.db');
  const store = openTestStore(path);
  const [{ jobId } = { jobId: '' }] = await store.submit([newJob({})]);
  await store.cancel({ tenant: 'default', jobId });
  const [{ host } = { host: '' }] = await store.listWebhookHosts();
  const [{ deliveryId } = { deliveryId: '' }] = await store.listPendingWebhooks(host, 1);
  const other = new Database(path);
  other.exec(`update webhook_deliveries set ending = '{"code":'`);
  other.close();
  await expect(store.findWebhookMessage(deliveryId)).rejects.toMatchObject({ code: 'internal' });
  await store.close();
});
