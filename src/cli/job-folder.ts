// A folder of the Python toolkit's job files: which there are, and each read without being fooled.
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { CommandError } from './command-error.ts';
import { IMPORT_EXIT_CODES } from './exit-codes.ts';
import { systemClock } from './system-clock.ts';
import { NoJobError, type JobFile } from './toolkit-job.ts';

const ENDING = '.json';

/** No link is followed, and a pipe does not hold us up. */
const READ_ONLY = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Names of its `.json` files, the oldest first. Throws CommandError when there are none. */
export function listJobFiles(folder: string): string[] {
  const names = readFolder(folder).filter((name) => name.endsWith(ENDING));
  if (names.length === 0) throw noJobFiles(folder, 'has no .json files');
  const dated = names.map((name) => ({
    name,
    at: lstatSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0,
  }));
  return dated.sort((a, b) => a.at - b.at).map(({ name }) => name);
}

export function noJobFiles(folder: string, why: string): CommandError {
  const inside = join(folder, 'jobs');
  const isInside = statSync(inside, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const advice = isInside
    ? `did you mean ${inside}?`
    : "name the jobs folder in the Python toolkit's LOCAL_STORAGE_PATH";
  return new CommandError(`${folder} ${why}: ${advice}`, IMPORT_EXIT_CODES.no_job_files);
}

function readFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const why = WHY[code] ?? `cannot be read (${message})`;
    throw new CommandError(
      `${folder} ${why}: name the folder with the Python toolkit's job files`,
      IMPORT_EXIT_CODES.not_a_folder,
    );
  }
}

const WHY: Record<string, string> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'is not a folder',
  EACCES: 'may not be read by this user',
};

/** Throws NoJobError. */
export function readJobFile(folder: string, fileName: string, maxBytes: number): JobFile {
  const file = openFile(join(folder, fileName));
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new NoJobError('not a file');
    if (stat.size > maxBytes) {
      throw new NoJobError('too large', `${stat.size} bytes, and MAX_RESULT_BYTES is ${maxBytes}`);
    }
    const name = fileName.slice(0, -ENDING.length);
    const writtenAt = Math.min(Math.max(Math.floor(stat.mtimeMs), 0), systemClock.now());
    return { name, bytes: readWhole(file), writtenAt };
  } finally {
    closeSync(file);
  }
}

function readWhole(file: number): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new NoJobError('cannot be read', (error as Error).message);
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, READ_ONLY);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP') throw new NoJobError('a symbolic link');
    throw new NoJobError('cannot be read', message);
  }
}
