// The key ring: the same whether it goes through a gateway or opens the database itself.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { CommandError } from '../../src/cli/command-error.ts';
import { openKeyRing, type KeyRing } from '../../src/cli/key-ring.ts';
import { readConfig } from '../../src/config.ts';
import { startTestGateway } from '../gateway.ts';

const HOUR_MS = 3_600_000;

const WANTED = { name: 'ci', tenant: 'acme', scopes: ['submit' as const], expires_at: null };

function openHere(): KeyRing {
  const folder = mkdtempSync(join(tmpdir(), 'jobgate-ring-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const config = { ...readConfig({}), databasePath: join(folder, 'jobgate.db') };
  return openKeyRing(config, undefined, { mayCreate: true });
}

async function openBeside(): Promise<KeyRing> {
  const gateway = await startTestGateway();
  onTestFinished(() => gateway.close());
  const config = { ...readConfig({}), databasePath: gateway.databasePath };
  return openKeyRing(config, gateway.keys.admin, { mayCreate: false });
}

it.each([
  ['itself', async () => openHere()],
  ['through a gateway', openBeside],
])('rotates a key %s', async (_how, open) => {
  const ring = await open();
  onTestFinished(() => ring.close());
  const old = await ring.create(WANTED);
  const before = Date.now();
  const made = await ring.rotate(old.key_id, 7200);
  expect(made).toMatchObject({ ...WANTED, revoked_at: null });
  expect(made.api_key).not.toBe(old.api_key);
  const shown = (await ring.list()).find(({ key_id }) => key_id === old.key_id);
  const overlapMs = (shown?.expires_at ?? 0) - before;
  expect(overlapMs / HOUR_MS).toBeCloseTo(2, 1);
  await ring.revoke(made.key_id);
  await expect(ring.rotate(made.key_id, 0)).rejects.toThrow(/revoked or expired: make a new one/);
  await expect(ring.rotate('0123456789ab', 0)).rejects.toThrow(CommandError);
});
