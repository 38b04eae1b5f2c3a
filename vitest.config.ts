// How the tests run: real processes, files and sockets, many of which wait for one another.
import { existsSync, statfsSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { configDefaults, defineConfig } from 'vitest/config';

/** These take longest: begun last, they would run on alone. */
const LONGEST = [
  'sqlite-store',
  'kill',
  'power-cut',
  'pages/job',
  'keys',
  'exit-codes',
  'commands',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const rank = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
  return rank === -1 ? LONGEST.length : rank;
}

/** In memory, where there is enough: what a sync is worth, only the power cut asks, of a recording. */
const MEMORY = '/dev/shm';
const ENOUGH_BYTES = 2 ** 31;

function temporaryFolder(): string {
  if (!existsSync(MEMORY)) return tmpdir();
  const { bavail, bsize } = statfsSync(MEMORY);
  return bavail * bsize < ENOUGH_BYTES ? tmpdir() : MEMORY;
}

/** Every flow of the dashboard clicked through takes two minutes: `npm run test:dashboard`, and so `.ci/run`. */
const FLOWS = ['app', 'injected-scripts', 'screenshots', 'i18n/words', 'pages/*'];
const isOfDashboard = ['test:dashboard', 'screenshots'].includes(
  process.env['npm_lifecycle_event'] ?? '',
);

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: isOfDashboard
      ? configDefaults.exclude
      : [...configDefaults.exclude, `test/dashboard/{${FLOWS.join()}}.test.ts`],
    globalSetup: 'test/global-setup.ts',
    pool: 'forks',
    // A process for each file loads the whole gateway again each time: half of the processor time.
    isolate: false,
    // Half of the time is waiting: for leases to lapse, timers, and other processes.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongestFirst },
    env: { TMPDIR: temporaryFolder() },
    // On a busy machine a process or a browser takes seconds for what it else does at once.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What is waited for comes when it comes: a second is too short on a busy machine.
    expect: { poll: { timeout: 15_000 } },
    restoreMocks: true,
    unstubEnvs: true,
  },
});
