// The bound of V8's young generation, in a process of its own whose objects live long enough to make it grow.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('growing-program.ts', import.meta.url));
const MIB = 1024 * 1024;

async function sizeIn(how: 'bound' | 'free'): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, how]);
  return Number(stdout);
}

it('stays near 16 MiB where it would grow to many times that', async () => {
  const [bound, free] = await Promise.all([sizeIn('bound'), sizeIn('free')]);
  expect(free).toBeGreaterThan(48 * MIB);
  expect(bound).toBeGreaterThan(4 * MIB);
  expect(bound).toBeLessThan(40 * MIB);
});
