// Raw sockets, the cases that are answered at once: `npm run test:sockets` has the slow ones, too.
import { expect, it } from 'vitest';
import { SLOW_CASES } from './sockets/slow-cases.ts';
import { runSocketTrial, SOCKET_CASES } from './sockets/trial.ts';

it('answers what is broken or hostile with 4xx, and tells nothing', async () => {
  const cases = SOCKET_CASES.filter((each) => !SLOW_CASES.includes(each));
  const { faults } = await runSocketTrial({ connections: 0, cases });
  expect(faults).toEqual([]);
  expect(SOCKET_CASES.length).toBeGreaterThan(100);
});
