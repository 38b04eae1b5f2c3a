// The demo as a process: what it shows, and that nothing of it stays.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from './child.ts';

const DEMO = fileURLToPath(new URL('../../src/cli/demo.ts', import.meta.url));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

function startDemo(): { child: ChildProcess; folder: string; ended: Promise<Ended> } {
  const folder = temporaryFolder();
  const child = spawn(process.execPath, [DEMO], {
    env: { PATH: process.env['PATH'] ?? '', TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, folder, ended: endOf(child) };
}

async function endOf(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout!.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

function workerPid(stdout: string): number {
  return Number(/worker started, process (\d+)/.exec(stdout)?.[1]);
}

function expectNothingLeft(folder: string, pid: number): void {
  expect(readdirSync(folder)).toEqual([]);
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
}

describe('the demo', () => {
  it('shows a job queued, running and done, prints the envelope, and leaves nothing', async () => {
    const { ended, folder } = startDemo();
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/ s {2}queued\n[^]* s {2}running[^]* s {2}done\n\n\{/);
    const envelope = JSON.parse(stdout.slice(stdout.indexOf('\n{') + 1));
    expect(envelope).toMatchObject({
      endpoint: '/v1/toolkit/job/status',
      code: 200,
      response: {
        job_status: 'done',
        process_id: workerPid(stdout),
        response: {
          endpoint: '/v1/media/metadata',
          code: 200,
          id: 'demo',
          message: 'success',
          response: { codec: 'Vorbis I', duration_seconds: 6.945 },
        },
      },
      message: 'success',
    });
    expectNothingLeft(folder, workerPid(stdout));
  });

  it('stopped half-way says so, exits 1 and leaves nothing', async () => {
    const { child, ended, folder } = startDemo();
    let seen = '';
    for await (const chunk of child.stdout!.iterator({ destroyOnReturn: false })) {
      seen += String(chunk);
      if (seen.includes('running')) break;
    }
    child.kill('SIGINT');
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 1, stderr: '\nThe demo failed: stopped by SIGINT\n' });
    expectNothingLeft(folder, workerPid(stdout));
  });
});
