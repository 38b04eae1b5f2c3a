// The scratch folder of a trial: gone at its end, also when the trial is interrupted.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const EXIT_INTERRUPTED = 130;

/** Runs `body` with a new folder in `parent`. */
export async function inScratchFolder<T>(
  parent: string,
  name: string,
  body: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(parent, `jobgate-${name}-`));
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  const leave = () => process.exit(EXIT_INTERRUPTED);
  process.once('SIGINT', leave).once('SIGTERM', leave).once('exit', remove);
  try {
    return await body(folder);
  } finally {
    process.off('SIGINT', leave).off('SIGTERM', leave).off('exit', remove);
    remove();
  }
}
