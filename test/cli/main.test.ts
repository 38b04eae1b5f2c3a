// The entry: an old Node is told what to install before anything is loaded.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** Runs `jobgate version` on a Node that says it is another; what is imported is printed. */
function versionOn(node: string): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const versions = `{ value: { ...process.versions, node: '${node}' } }`;
  const preload = `data:text/javascript,Object.defineProperty(process, 'versions', ${versions})`;
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', preload, MAIN, 'version'], (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }),
    );
  });
}

it.each(['18.0.0', '20.20.2', '22.17.9'])('Node %s is refused in one line', async (node) => {
  const { code, stdout, stderr } = await versionOn(node);
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toBe(
    `jobgate needs Node.js 22.18 or newer and this is ${node}: install the current LTS from https://nodejs.org\n`,
  );
});

it.each(['22.18.0', '24.0.0'])('Node %s will do', async (node) => {
  expect(await versionOn(node)).toMatchObject({ code: 0, stderr: '' });
});
