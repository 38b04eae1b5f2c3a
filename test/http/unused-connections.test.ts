// A stop does not wait for connections on which nothing was asked.
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { startTestGateway } from '../gateway.ts';

it('a connection that never asked anything is closed when the gateway stops', async () => {
  const gateway = await startTestGateway();
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  // The gateway has accepted the earlier connection once it answers on a later one.
  await gateway.request('GET', '/openapi.json');
  const closed = once(socket, 'close');
  const startedAt = performance.now();
  await gateway.close();
  await closed;
  // Without it the stop lasts until its bound of 5 s.
  expect(performance.now() - startedAt).toBeLessThan(4000);
});
