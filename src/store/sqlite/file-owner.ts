// The owner of files: what root makes beside a database is of who the database is of.
import { lchownSync, lstatSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const ROOT = 0;

/**
 * A command that root runs (a restore, an import) must leave no file that the gateway's own user
 * could not open. Does nothing to a file that root has not made. Call it before the file gets its
 * name, if it gets one.
 */
export function giveToOwner(databasePath: string, file: string): void {
  if (lstatSync(file).uid !== ROOT) return;
  const owner = ownerOf(databasePath);
  if (!owner) return;
  try {
    // Not through a link: the folder's owner could lead root to any file with one.
    lchownSync(file, owner.uid, owner.gid);
  } catch {
    // In a container root may be without this right; the gateway that runs there is root, too.
  }
}

/** Of the database, or of its folder where there is none yet; undefined where both are root's. */
function ownerOf(databasePath: string): { uid: number; gid: number } | undefined {
  return [databasePath, dirname(databasePath)]
    .map((path) => statSync(path, { throwIfNoEntry: false }))
    .find((stats) => stats !== undefined && stats.uid !== ROOT);
}
