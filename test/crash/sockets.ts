// `npm run test:sockets`: broken, hostile and slow requests over raw sockets, on a gateway that must stay well.
import { parseArgs } from 'node:util';
import { printTable, wholeNumber } from './report.ts';
import { runSocketTrial } from './sockets/trial.ts';

const USAGE = 'Usage: npm run test:sockets -- [--connections 2000]\n';

process.exitCode = await run();

async function run(): Promise<number> {
  const { values } = parseArgs({
    options: {
      connections: { type: 'string', default: '2000' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return (process.stdout.write(USAGE), 0);
  const connections = wholeNumber('--connections', values.connections);
  const { cases, slowestCaseMs, slow, faults } = await runSocketTrial({ connections });
  printTable([
    {
      cases,
      'slowest s': (slowestCaseMs / 1000).toFixed(1),
      ...(slow && {
        'slow connections': slow.connections,
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
