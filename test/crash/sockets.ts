// `npm run test:sockets`: broken, hostile and slow requests over raw sockets, on a gateway that must stay well.
import { parseArgs } from 'node:util';
import { printTable, wholeNumber } from './report.ts';
import { runSocketTrial } from './sockets/trial.ts';

const USAGE = 'Usage: npm run test:sockets -- [--connections 2000] [--rounds 7]\n';

process.exitCode = await run();

async function run(): Promise<number> {
  const { values } = parseArgs({
    options: {
      connections: { type: 'string', default: '2000' },
      rounds: { type: 'string', default: '7' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return (process.stdout.write(USAGE), 0);
  const connections = wholeNumber('--connections', values.connections);
  const rounds = wholeNumber('--rounds', values.rounds);
  if (rounds === 0) throw new TypeError('--rounds must be 1 or more');
  const { cases, slowestCaseMs, slow, faults } = await runSocketTrial({
    connections,
    rounds,
    onRound: tell,
  });
  printTable([
    {
      cases,
      'slowest s': (slowestCaseMs / 1000).toFixed(1),
      ...(slow && {
        'slow connections': slow.connections,
        rounds: slow.rounds,
        'longest s': (slow.longestMs / 1000).toFixed(1),
        'healthy requests': slow.requests,
        'p99 idle ms': slow.idleP99Ms.toFixed(1),
        'p99 attacked ms': slow.attackedP99Ms.toFixed(1),
        ratio: (slow.attackedP99Ms / slow.idleP99Ms).toFixed(2),
      }),
      faults: faults.length,
    },
  ]);
  for (const fault of faults) process.stderr.write(`FAULT: ${fault}\n`);
  return faults.length > 0 ? 1 : 0;
}

function tell(round: number, idleP99Ms: number, attackedP99Ms: number): void {
  const [idle, attacked] = [idleP99Ms.toFixed(1), attackedP99Ms.toFixed(1)];
  process.stderr.write(
    `  round ${round}: p99 of healthy requests ${idle} ms idle, then ${attacked} ms\n`,
  );
}
