// Try it: a job by form, followed to its end; what is typed wrong, what is refused, and the same with curl.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Locator, Page } from 'playwright-core';
import { expect, it, onTestFinished } from 'vitest';
import { ENDPOINT, submitJob } from '../../clients.ts';
import { startTestGateway, type TestGateway } from '../../gateway.ts';
import { useGateway, work } from '../../used-gateway.ts';
import { getJob } from '../../worker/test-worker.ts';
import {
  describeDashboard,
  openDashboard,
  sidewaysOf,
  type DashboardOptions,
} from '../dashboard-harness.ts';

const openForm = (options: DashboardOptions = {}) => openDashboard({ path: '/try', ...options });

const field = (page: Page, name: string) => page.locator(`.job-form [name=${name}]`);

/** What is said to be wrong with a field. */
const faultOf = (page: Page, name: string) =>
  page.locator('.field', { has: page.locator(`[name=${name}]`) }).locator('.fault');

const followed = (page: Page) => page.getByRole('region', { name: 'The job', exact: true });

const expectShown = (locator: Locator) => locator.waitFor();

const expectFocus = (page: Page, name: string) =>
  field(page, name).and(page.locator(':focus')).waitFor();

async function submit(page: Page, fields: Record<string, string> = {}): Promise<void> {
  const given = { endpoint: ENDPOINT, ...fields };
  const more = page.getByText('More', { exact: true });
  const areOptional = Object.keys(given).some((name) => !/endpoint|payload/.test(name));
  const isFolded = (await page.locator('.job-form details[open]').count()) === 0;
  if (areOptional && isFolded) await more.click();
  for (const [name, text] of Object.entries(given)) await field(page, name).fill(text);
  await page.getByRole('button', { name: 'Submit the job' }).click();
}

/** The id of the job that is followed. */
async function followedId(page: Page): Promise<string> {
  return followed(page).locator('.followed-id').innerText();
}

/** Of a text area; runs in the page. */
function selectionOf({ value, selectionStart, selectionEnd }: any): [number, string] {
  return [selectionStart, value.slice(selectionStart, selectionEnd)];
}

function countJobs({ services }: TestGateway): Promise<number> {
  return services.store.queueLength('default');
}

describeDashboard('try it', () => {
  it('submits a job, shows the answer, and follows it to its result', async () => {
    const gateway = await useGateway();
    let finish: (result: unknown) => void = () => {};
    const finished = new Promise<unknown>((resolve) => (finish = resolve));
    onTestFinished(() => finish(null));
    const { page } = await openForm({ gateway });
    await submit(page, { payload: '{"text": "hello"}', id: 'mine', priority: '5' });
    await page.getByText('No worker here does this kind of work').waitFor();
    const answer = page.getByRole('group', { name: 'Answer' });
    await answer.getByText('"processing"').waitFor();
    work(gateway, {
      [ENDPOINT]: async ({ payload }, { progress }) => {
        progress({ percent: 30, phase: 'reading' });
        return [payload, await finished];
      },
    });
    await followed(page).getByText('30 % reading').waitFor();
    finish('the end');
    await followed(page).getByText('Done').waitFor();
    await followed(page).getByText('"the end"').waitFor();
    const jobId = await followedId(page);
    expect(await getJob(gateway, jobId)).toMatchObject({
      payload: { text: 'hello' },
      id: 'mine',
      priority: 5,
    });
    await followed(page).getByRole('link', { name: 'Open its page' }).click();
    await expect.poll(() => page.url()).toBe(`${gateway.url}/jobs/${jobId}`);
  });

  it('shows the end of a job within a second, and why it failed', async () => {
    const gateway = await useGateway();
    let finish: () => void = () => {};
    const finished = new Promise<void>((resolve) => (finish = resolve));
    onTestFinished(() => finish());
    const { page } = await openForm({ gateway });
    work(gateway, {
      [ENDPOINT]: async () => {
        await finished;
        throw new Error('no sound in it');
      },
    });
    await submit(page, { max_attempts: '1' });
    await followed(page).getByText('Running', { exact: true }).waitFor();
    const began = performance.now();
    finish();
    await followed(page).getByText('no sound in it').waitFor();
    expect(performance.now() - began).toBeLessThan(1000);
  });

  it('checks the payload as it is typed, and leads to the mistake', async () => {
    const { gateway, page } = await openForm();
    await field(page, 'endpoint').fill(ENDPOINT);
    await field(page, 'payload').fill('{\n  "text": "hello",\n}');
    await faultOf(page, 'payload')
      .getByText('Line 3, column 1: “}” does not belong here.')
      .waitFor();
    await page.getByText('Mend the payload to see the command').waitFor();
    await page.getByRole('button', { name: 'Submit the job' }).click();
    await expectFocus(page, 'payload');
    await page.getByRole('button', { name: 'Go to the mistake' }).click();
    const selected = await field(page, 'payload').evaluate(selectionOf);
    expect(selected).toEqual([21, '}']);
    await page.keyboard.press('Delete');
    await faultOf(page, 'payload').getByText('Line 3, column 1: the text ends').waitFor();
    await field(page, 'payload').fill('["hello"]');
    await faultOf(page, 'payload').getByText('It must be an object').waitFor();
    await field(page, 'payload').fill('{"text":\u00a0"hello"}');
    await faultOf(page, 'payload').getByText('U+00A0 does not belong here').waitFor();
    expect(await countJobs(gateway)).toBe(0);
    await field(page, 'payload').fill('');
    await page.getByRole('button', { name: 'Submit the job' }).click();
    await followed(page).waitFor();
    expect((await getJob(gateway, await followedId(page))).payload).toEqual({});
  });

  it('says beside each field what the gateway says of it', async () => {
    const { page } = await openForm();
    await page.getByRole('button', { name: 'Submit the job' }).click();
    await faultOf(page, 'endpoint').getByText('Say which endpoint').waitFor();
    await expectFocus(page, 'endpoint');
    await submit(page, {
      endpoint: 'transcribe',
      priority: 'high',
      max_attempts: '0',
      delay_seconds: '-1',
      webhook_url: 'ftp://example.com/',
    });
    await faultOf(page, 'endpoint').getByText('Must be a path').waitFor();
    await faultOf(page, 'priority').getByText('expected').waitFor();
    for (const name of ['max_attempts', 'delay_seconds', 'webhook_url'])
      await faultOf(page, name).waitFor();
    await expectFocus(page, 'endpoint');
    await field(page, 'endpoint').fill('/v1/a');
    await expect.poll(() => faultOf(page, 'endpoint').count()).toBe(0);
    await submit(page, {
      endpoint: '/v1/a',
      priority: '1',
      max_attempts: '2',
      delay_seconds: '0.5',
      webhook_url: '',
    });
    await followed(page).waitFor();
  });

  it('opens what is folded when the fault is there', async () => {
    const { page } = await openForm();
    await submit(page, { priority: '1000' });
    await faultOf(page, 'priority').getByText('100').waitFor();
    await expectFocus(page, 'priority');
    await page.getByText('More', { exact: true }).click();
    await page.getByRole('button', { name: 'Submit the job' }).click();
    await expectFocus(page, 'priority');
  });

  it('says why a job is refused: another one of the same key, a full queue, too large', async () => {
    const gateway = await useGateway({ maxQueueLength: 1, maxBodyBytes: 2000 });
    const { page } = await openForm({ gateway });
    await submit(page, { idempotency_key: 'once', payload: '{"n": 1}' });
    const first = await followedId(page);
    await submit(page, { idempotency_key: 'once', payload: '{"n": 2}' });
    await faultOf(page, 'idempotency_key').getByText('stands for another job already').waitFor();
    await submit(page, { idempotency_key: '' });
    const refused = page.getByRole('alert');
    await refused.getByText('MAX_QUEUE_LENGTH (1) reached').waitFor();
    await submit(page, { payload: JSON.stringify({ text: 'x'.repeat(2000) }) });
    await faultOf(page, 'payload').getByText('Too large').waitFor();
    await expect.poll(() => refused.count()).toBe(0);
    await expect.poll(() => followedId(page)).toBe(first);
    expect(await countJobs(gateway)).toBe(1);
  });

  it('says that a body is too large which the gateway does not even read', async () => {
    const gateway = await useGateway({ maxResultBytes: 100_000 });
    const { page } = await openForm({ gateway });
    await submit(page, { payload: JSON.stringify({ text: 'x'.repeat(300_000) }) });
    await expectShown(faultOf(page, 'payload').getByText('Too large'));
  });

  it('says that the gateway is away, and keeps the form', async () => {
    const gateway = await startTestGateway();
    const { page } = await openForm({ gateway });
    await field(page, 'endpoint').fill(ENDPOINT);
    await gateway.close();
    await page.getByRole('button', { name: 'Submit the job' }).click();
    await page.getByText('it is not known whether it took the job').waitFor();
    await expect.poll(() => field(page, 'endpoint').inputValue()).toBe(ENDPOINT);
  });

  it('shows the same with curl, which a shell takes as it is', async () => {
    const gateway = await useGateway();
    const { page } = await openForm({ gateway });
    const payload = { text: `it's "$HOME" \`id\` \\ ! ü`, n: [1, null] };
    await field(page, 'endpoint').fill(ENDPOINT);
    await field(page, 'payload').fill(JSON.stringify(payload, null, 2));
    await page.getByText('More', { exact: true }).click();
    await field(page, 'id').fill(`o'clock`);
    await field(page, 'max_attempts').fill('7');
    await page.getByRole('button', { name: 'Copy: The same with curl' }).click();
    await page.getByRole('button', { name: 'Copied: The same with curl' }).waitFor();
    const command = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(command).toContain('$JOBGATE_API_KEY');
    const env = { PATH: process.env['PATH'] ?? '', JOBGATE_API_KEY: gateway.keys.submit };
    const { stdout } = await promisify(execFile)('sh', ['-c', command], { env });
    const { job_id: jobId } = JSON.parse(stdout) as { job_id: string };
    expect(await getJob(gateway, jobId)).toMatchObject({
      payload,
      id: `o'clock`,
      max_attempts: 7,
    });
  });

  it('keeps the form for the next job, and while other pages are looked at', async () => {
    const { page } = await openForm();
    await submit(page, { payload: '{"n": 1}', id: 'mine' });
    await followed(page).getByRole('link', { name: 'Open its page' }).click();
    await page.goBack();
    await followed(page).waitFor();
    await expect.poll(() => field(page, 'payload').inputValue()).toBe('{"n": 1}');
    await expect.poll(() => field(page, 'id').inputValue()).toBe('mine');
    await page.getByRole('button', { name: 'Clear the form' }).click();
    await expect.poll(() => field(page, 'payload').inputValue()).toBe('{}');
    await expect.poll(() => field(page, 'id').inputValue()).toBe('');
  });

  it('forgets the form when the key is signed out', async () => {
    const { gateway, page, signIn } = await openForm();
    await submit(page, { payload: '{"secret": 1}' });
    await followed(page).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await signIn(gateway.keys.submit);
    await field(page, 'payload').waitFor();
    await expect.poll(() => field(page, 'payload').inputValue()).toBe('{}');
    await expect.poll(() => followed(page).count()).toBe(0);
  });

  it('knows the endpoints of jobs and workers', async () => {
    const gateway = await useGateway();
    await submitJob(gateway, { endpoint: '/v1/of-a-job' });
    work(gateway, { '/v1/of-a-worker': () => null });
    const { page } = await openForm({ gateway });
    const known = () =>
      page
        .locator('datalist option')
        .evaluateAll((options: any[]) => options.map(({ value }) => value));
    await expect.poll(known).toEqual(['/v1/of-a-job', '/v1/of-a-worker']);
  });

  it('says when the followed job is deleted', async () => {
    const { gateway, page } = await openForm();
    await submit(page);
    await followed(page).getByText('Queued').waitFor();
    const body = { job_id: await followedId(page) };
    const key = gateway.keys.submit;
    await gateway.request('POST', '/v1/toolkit/job/cancel', { key, body });
    await followed(page).getByText('Cancelled').waitFor();
    await gateway.request('POST', '/v1/toolkit/job/delete', { key: gateway.keys.admin, body });
    await expectShown(followed(page).getByText('This job is no longer there'));
  });

  it('is there for keys that may submit only', async () => {
    const { page } = await openForm({ key: 'read' });
    await expectShown(page.getByRole('heading', { name: 'Your key may not open this page' }));
  });

  it('is used by keyboard alone', async () => {
    const { page } = await openForm();
    await field(page, 'endpoint').waitFor();
    await page.keyboard.press('Tab');
    await expectFocus(page, 'endpoint');
    await page.keyboard.type(ENDPOINT);
    await page.keyboard.press('Tab');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('{"n":');
    await page.keyboard.press('Control+Enter');
    await expectFocus(page, 'payload');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expectFocus(page, 'payload');
    await page.keyboard.type(' 2}');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await expectFocus(page, 'id');
    await page.keyboard.type('mine');
    await page.keyboard.press('Enter');
    await followed(page).getByText('Queued').waitFor();
    await expectFocus(page, 'id');
  });

  it.each(['light', 'dark'] as const)('axe finds nothing, %s', async (theme) => {
    const { page, axe } = await openForm({ theme });
    await field(page, 'endpoint').waitFor();
    expect(await axe()).toEqual([]);
    await submit(page, { endpoint: 'nope', payload: '{', priority: 'x' });
    await submit(page, { endpoint: 'nope', payload: '{}', priority: 'x' });
    await faultOf(page, 'endpoint').getByText('Must be').waitFor();
    expect(await axe()).toEqual([]);
    await submit(page, { endpoint: ENDPOINT, priority: '' });
    await followed(page).getByText('Queued').waitFor();
    expect(await axe()).toEqual([]);
  });

  it('fits a phone, where axe finds nothing either', async () => {
    const { page, axe } = await openForm({ viewport: { width: 360, height: 740 } });
    await submit(page, { payload: JSON.stringify({ text: 'x'.repeat(300) }) });
    await followed(page).getByText('Queued').waitFor();
    expect(await axe()).toEqual([]);
    expect(await sidewaysOf(page)).toBe(0);
  });

  it('speaks Spanish', async () => {
    const { page } = await openForm({ language: 'es-ES' });
    await field(page, 'endpoint').fill(ENDPOINT);
    await field(page, 'payload').fill('{"a": }');
    await expectShown(page.getByText('Línea 1, columna 7: aquí sobra “}”.'));
  });
});
