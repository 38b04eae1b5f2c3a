// Files beside the database that are not wanted any more: on a file system that became read-only they stay.
import { unlinkSync } from 'node:fs';

/** Already gone, or on a file system on which nothing changes any more. */
const LET_BE = new Set(['ENOENT', 'EROFS']);

export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!LET_BE.has(String((error as NodeJS.ErrnoException).code))) throw error;
  }
}
