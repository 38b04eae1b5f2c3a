// Loaded into a gateway before it starts: on SIGUSR2 it writes what keeps its event loop busy to a file.
import { renameSync, writeFileSync } from 'node:fs';

const { RESOURCES_FILE = '' } = process.env;

process.on('SIGUSR2', () => {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  writeFileSync(`${RESOURCES_FILE}.new`, JSON.stringify(counts));
  renameSync(`${RESOURCES_FILE}.new`, RESOURCES_FILE);
});
