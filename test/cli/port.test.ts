// The port: free or not, and what the system's refusals mean to the person who started the gateway.
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { assertPortFree, ListenError, toListenError } from '../../src/cli/port.ts';

const HOST = '127.0.0.1';

it('a free port stays free', async () => {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  await expect(assertPortFree({ host: HOST, port })).resolves.toBeUndefined();
  await expect(assertPortFree({ host: HOST, port })).resolves.toBeUndefined();
});

it('a port in use is refused', async () => {
  const server = createServer().listen(0, HOST);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const refused = assertPortFree({ host: HOST, port });
  await expect(refused).rejects.toMatchObject({ name: 'ListenError', fault: 'port_in_use' });
});

it('a privileged port is told to be one', () => {
  const error = toListenError({ host: HOST, port: 80 }, { code: 'EACCES' });
  expect(error).toBeInstanceOf(ListenError);
  expect(error).toMatchObject({
    fault: 'port_forbidden',
    message: 'Address 127.0.0.1 port 80 may not be used by this user: set PORT to 1024 or more',
  });
});

it.each([
  ['EAI_AGAIN', /cannot be looked up now: mend the DNS, or set HOST to an address$/],
  ['EAFNOSUPPORT', /as where IPv6 is off: set HOST$/],
  ['EINVAL', /only with its zone, as in fe80::1%eth0$/],
])('%s says what to set', (code, message) => {
  const error = toListenError({ host: HOST, port: 80 }, { code });
  expect(error).toBeInstanceOf(ListenError);
  expect(error).toMatchObject({
    fault: 'address_unavailable',
    message: expect.stringMatching(message),
  });
});

// What the system answers depends on the machine: whether it has IPv6, and a DNS.
it.each(['fe80::1', 'jobgate.invalid'])('%s is no address to be had', async (host) => {
  const refused = assertPortFree({ host, port: 0 });
  await expect(refused).rejects.toMatchObject({ fault: 'address_unavailable' });
});

it('any other error passes through', () => {
  const error = new Error('another');
  expect(toListenError({ host: HOST, port: 80 }, error)).toBe(error);
});
