// Freezes workers past their lease and wakes them: what they report then must be refused.
import { parseArgs } from 'node:util';
import { printTable, spread, wholeNumber } from './report.ts';
import { LEASE_SECONDS, runZombieTrial } from './zombie/trial.ts';

const USAGE = 'Usage: node test/crash/zombie.ts [--rounds 50]\n';

process.exitCode = await run();

async function run(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '50' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return (process.stdout.write(USAGE), 0);
  const rounds = wholeNumber('--rounds', values.rounds);
  const startedAt = performance.now();
  const onRound = () => process.stderr.write('.');
  const { refused, takeoverMs, faults } = await runZombieTrial({ rounds, onRound });
  process.stderr.write('\n');
  const { p50, max } = spread(takeoverMs);
  const late = takeoverMs.filter((ms) => ms > (LEASE_SECONDS + 1) * 1000).length;
  printTable([
    {
      rounds,
      seconds: ((performance.now() - startedAt) / 1000).toFixed(0),
      'lease s': LEASE_SECONDS,
      'takeover p50 ms': p50.toFixed(0),
      'takeover max ms': max.toFixed(0),
      'too late': late,
      'reports refused': refused,
      faults: faults.length,
    },
  ]);
  for (const fault of faults) process.stderr.write(`FAULT: ${fault}\n`);
  return faults.length + late > 0 ? 1 : 0;
}
