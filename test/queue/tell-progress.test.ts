// Late progress over a real gateway: what came too soon for an event of its own is told a second later.
import { expect, it } from 'vitest';
import { post, startJob } from '../clients.ts';
import { eventOf, openStream } from '../event-stream.ts';
import { startTestGateway } from '../gateway.ts';
import { HeldClock } from '../held-clock.ts';

it('who follows sees the latest progress, once', async () => {
  const clock = new HeldClock();
  const gateway = await startTestGateway({ clock });
  const { tellProgress } = gateway.services.store;
  const lease = await startJob(gateway);
  const { job_id: jobId } = lease;
  for (const percent of [10, 20, 30])
    await post(gateway, 'work', 'worker/progress', { ...lease, percent });
  const stream = await openStream(gateway, jobId);
  for (const kind of ['queued', 'running', 'progress'])
    expect(eventOf(await stream.next()).kind).toBe(kind);
  expect(await tellProgress()).toBe(0);
  clock.advance(1);
  // By the maintenance, unless it was this.
  await tellProgress();
  expect(eventOf(await stream.next()).data).toEqual({ progress: { percent: 30 } });
  clock.advance(5);
  expect(await tellProgress()).toBe(0);
  await post(gateway, 'work', 'worker/progress', { ...lease, percent: 40 });
  await post(gateway, 'work', 'worker/progress', { ...lease, percent: 99 });
  await post(gateway, 'work', 'worker/complete', { ...lease, result: 'ok' });
  clock.advance(5);
  expect(await tellProgress()).toBe(0);
  expect((await stream.rest()).map((one) => eventOf(one).kind)).toEqual(['progress', 'done']);
  await gateway.close();
});
