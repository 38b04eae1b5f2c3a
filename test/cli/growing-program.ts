// Makes V8's young generation grow, in turns as a server has them; prints its bytes: `growing-program.ts bound|free`.
import { setTimeout as sleep } from 'node:timers/promises';
import { boundYoungGeneration, sizeOfYoungGeneration } from '../../src/cli/young-generation.ts';

const TURNS = 100;
const TURN_MS = 40;

/** Made in a turn, and how many of them are alive at any time. */
const MADE = 4000;
const ALIVE = 40_000;

if (process.argv[2] === 'bound') boundYoungGeneration();
let alive: object[] = [];
for (let turn = 0; turn < TURNS; turn += 1) {
  for (let i = 0; i < MADE; i += 1) alive.push({ turn, text: `object ${i}`, parts: [i] });
  alive = alive.slice(-ALIVE);
  await sleep(TURN_MS);
}
process.stdout.write(String(sizeOfYoungGeneration()));
