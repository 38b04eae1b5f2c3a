// `npm run test:streams`: kills a gateway each round under those who follow; none may miss an event.
import { printTable, readRounds } from './report.ts';
import { runStreamTrial } from './stream/trial.ts';

const USAGE = 'Usage: npm run test:streams -- [--rounds 50] [--seed N]\n';

process.exitCode = await run();

async function run(): Promise<number> {
  const asked = readRounds('50');
  if (!asked) return (process.stdout.write(USAGE), 0);
  const { rounds, seed } = asked;
  process.stderr.write(`${rounds} rounds, seed ${seed}\n`);
  const startedAt = performance.now();
  const onRound = () => process.stderr.write('.');
  const { faults, ...figures } = await runStreamTrial({ rounds, seed, onRound });
  process.stderr.write('\n');
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  printTable([{ 'gateway kills': rounds, seconds, ...figures, faults: faults.length }]);
  for (const fault of faults) process.stderr.write(`FAULT: ${fault}\n`);
  return faults.length > 0 ? 1 : 0;
}
