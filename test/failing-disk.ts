// A disk that fails under open files: ext4 in a file of its own, which the kernel makes read-only as after a fault.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface FailingDisk {
  folder: string;
  /** From here on every write is refused, until it is mounted anew. */
  fail(): void;
  /** As after a restart of the machine; nothing on it may be open. */
  mountAnew(): void;
  remove(): void;
}

/** Undefined, and a line that says so, where this user may not mount one. */
export function mountFailingDisk(bytes: number): FailingDisk | undefined {
  const scratch = mkdtempSync(join(tmpdir(), 'jobgate-disk-'));
  const image = join(scratch, 'image');
  const folder = join(scratch, 'disk');
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, { stdio: 'pipe' });
  try {
    mkdirSync(folder);
    writeFileSync(image, '');
    truncateSync(image, bytes);
    run('mkfs.ext4', '-q', image);
    run('mount', '-o', 'loop', image, folder);
  } catch (error) {
    rmSync(scratch, { recursive: true });
    process.stderr.write(
      `LEFT OUT: no failing disk could be made here (${String(error).trim()})\n`,
    );
    return undefined;
  }
  return {
    folder,
    // A plain `remount,ro` is refused while files are open for writing; this is what a fault does.
    mountAnew: () => {
      run('umount', folder);
      run('mount', '-o', 'loop', image, folder);
    },
    fail: () => run('mount', '-o', 'remount,abort', folder),
    remove: () => {
      // Lazily: a test that failed may have left a file open, which ends with its process.
      run('umount', '--lazy', folder);
      rmSync(scratch, { recursive: true });
    },
  };
}
