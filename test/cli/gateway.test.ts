// The composition root: what a started gateway gives, and that a failed start leaves nothing open.
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startGateway } from '../../src/cli/gateway.ts';
import { readConfig } from '../../src/config.ts';
import { readLockHolder } from '../../src/store/sqlite/file-lock.ts';
import { startTestGateway } from '../gateway.ts';
import { temporaryFolder } from './child.ts';
import { halfARequest } from './half-request.ts';

function newConfig() {
  const databasePath = join(temporaryFolder(), 'jobgate.db');
  return { ...readConfig({ PORT: '0' }), databasePath };
}

describe('startGateway', () => {
  it('publishes where it answers, and lets go of everything when closed', async () => {
    const config = newConfig();
    const gateway = await startGateway(config, { logger: false });
    expect(readLockHolder(config.databasePath)).toEqual({ pid: process.pid, url: gateway.url });
    await gateway.close();
    expect(readLockHolder(config.databasePath)).toBeUndefined();
    await expect(fetch(gateway.url)).rejects.toThrow('fetch failed');
    await gateway.close();
  });

  it('returns the first key it made, once', async () => {
    const config = newConfig();
    const first = await startGateway(config, { logger: false });
    await first.close();
    expect(first.firstKey).toMatch(/^jg_/);
    const second = await startGateway(config, { logger: false });
    await second.close();
    expect(second.firstKey).toBeUndefined();
  });

  it('finishes what is under way when it stops, and cuts it off at the bound', async () => {
    const config = { ...newConfig(), apiKey: 'key' };
    const lines: string[] = [];
    const stream = new Writable({ write: (line, _, done) => (lines.push(String(line)), done()) });
    const gateway = await startGateway(config, { logger: { stream }, drainMs: 300 });
    const socket = await halfARequest(gateway.url, 'key', '/v1/toolkit/job/submit', 99);
    const closing = performance.now();
    await gateway.close();
    // Timers may be a millisecond early.
    expect(performance.now() - closing).toBeGreaterThan(298);
    await expect.poll(() => socket.destroyed || socket.readableEnded).toBe(true);
    expect(lines.join('')).toContain('cutting off what has not ended');
    expect(readLockHolder(config.databasePath)).toBeUndefined();
  });

  it('refuses a port in use before it makes a database, and frees the lock', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await once(other, 'listening');
    const config = { ...newConfig(), port: (other.address() as AddressInfo).port };
    const refused = startGateway(config, { logger: false });
    await expect(refused).rejects.toMatchObject({ fault: 'port_in_use' });
    expect(readLockHolder(config.databasePath)).toBeUndefined();
    const free = await startGateway({ ...config, port: 0 }, { logger: false });
    expect(free.firstKey).toBeDefined();
    await free.close();
  });

  it('frees the lock when the first key cannot be delivered', async () => {
    const config = newConfig();
    const deliverFirstKey = () => {
      throw new Error('no paper');
    };
    await expect(startGateway(config, { logger: false, deliverFirstKey })).rejects.toThrow(
      'no paper',
    );
    expect(readLockHolder(config.databasePath)).toBeUndefined();
  });
});

describe('startTestGateway', () => {
  it('has a key for each scope', async () => {
    const gateway = await startTestGateway();
    onTestFinished(() => gateway.close());
    for (const key of Object.values(gateway.keys)) {
      const { status } = await gateway.request('GET', '/v1/toolkit/authenticate', { key });
      expect(status).toBe(200);
    }
  });
});
