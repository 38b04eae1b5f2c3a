// Access to files that are yet to be made or written: whether this user has it, without trying.
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { StoreOpenError } from '../store/store-open-error.ts';

/** The folder of the file, or the one that its folders would be made in. */
export function nearestFolder(path: string): string {
  const folder = dirname(resolve(path));
  return existsSync(folder) ? folder : nearestFolder(folder);
}

/** Throws StoreOpenError. */
export function assertWritableFile(path: string): void {
  assertAccess(path, constants.R_OK | constants.W_OK);
}

/** Throws StoreOpenError when no file could be made in it. */
export function assertWritableFolder(path: string): void {
  assertAccess(path, constants.W_OK | constants.X_OK);
}

function assertAccess(path: string, mode: number): void {
  try {
    accessSync(path, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EROFS') {
      const text = `${path} is on a read-only file system: name another place`;
      throw new StoreOpenError('read_only', text, error);
    }
    const text = `${path} cannot be written by this user: give it access, or name another place`;
    throw new StoreOpenError('no_permission', text, error);
  }
}
