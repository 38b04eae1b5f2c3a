// `npm run test:webhooks`: kills the gateway in the middle of deliveries; none may be lost or change.
import { parseArgs } from 'node:util';
import { printTable, spread, wholeNumber } from './report.ts';
import { runWebhookTrial, type WebhookReport } from './webhooks/trial.ts';

const USAGE = 'Usage: npm run test:webhooks -- [--kills 50] [--seed N]\n';
const PROGRESS_EVERY = 20;

process.exitCode = await run();

async function run(): Promise<number> {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '50' },
      seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return (process.stdout.write(USAGE), 0);
  const kills = wholeNumber('--kills', values.kills);
  const seed = wholeNumber('--seed', values.seed);
  process.stderr.write(`${kills} kills, seed ${seed}\n`);
  const onKill = (kill: number) => {
    if (kill % PROGRESS_EVERY === 0) process.stderr.write(`  ${kill} of ${kills}\n`);
  };
  const report = await runWebhookTrial({ kills, seed, mostFaults: 2, onKill });
  printTable([rowOf(report)]);
  for (const fault of report.faults) process.stderr.write(`FAULT: ${fault}\n`);
  return report.faults.length > 0 ? 1 : 0;
}

function rowOf(report: WebhookReport) {
  const { p50, max } = spread(report.readyMs);
  return {
    kills: report.kills,
    'in the middle': report.killsInTheMiddle,
    'cut off': report.cutOff,
    's/kill': (report.killingMs / 1000 / Math.max(report.kills, 1)).toFixed(2),
    'ready p50 ms': p50.toFixed(0),
    'ready max ms': max.toFixed(0),
    'jobs ended': report.jobs,
    'webhooks told': report.told,
    requests: report.requests,
    'told more than once': report.repeated,
    'answered badly': report.badAnswers,
    'settled after s': (report.settlingMs / 1000).toFixed(1),
    faults: report.faults.length,
  };
}
