// A disk that forgets: what it surely holds after each sync, and what a power cut may leave of it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../store/sqlite/damage.ts';
import { FileBytes } from './file-bytes.ts';
import type { Recorded } from './recording.ts';

/** Unit that a disk writes whole. */
const SECTOR_BYTES = 512;

type FileChange = Extract<Recorded, { kind: 'write' | 'truncate' }>;

interface DiskFile {
  synced: FileBytes;
  pending: FileChange[];
}

type Names = Map<string, DiskFile>;
type NameChange = (names: Names) => void;

/** What the disk makes of a change that was not synced. */
type Fate = 'kept' | 'dropped' | 'torn';

/**
 * Only a sync of the file makes its bytes and length lasting, and only one of the folder its name:
 * POSIX promises no more. Changes after it are kept, dropped or torn each by itself; that is any
 * order of them, because what a sector holds in the end is the last of its writes that was kept.
 */
export class Disk {
  readonly #syncedNames: Names = new Map();
  readonly #names: Names = new Map();
  #pendingNames: NameChange[] = [];

  apply(event: Exclude<Recorded, { kind: 'ack' }>): void {
    switch (event.kind) {
      case 'create':
        if (!this.#names.has(event.name)) this.#create(event.name);
        return;
      case 'write':
      case 'truncate':
        this.#file(event.name).pending.push(event);
        return;
      case 'sync':
        syncFile(this.#file(event.name));
        return;
      case 'sync_folder':
        for (const change of this.#pendingNames) change(this.#syncedNames);
        this.#pendingNames = [];
        return;
      case 'rename':
        this.#rename(event.from, event.to);
        return;
      case 'unlink':
        this.#changeNames((names) => names.delete(event.name));
    }
  }

  /** Writes into `folder` what a power cut now may leave. */
  writeAsCut(folder: string, random: Random): void {
    const fateOf = fates(random);
    const names = new Map(this.#syncedNames);
    for (const change of this.#pendingNames) if (fateOf() === 'kept') change(names);
    for (const [name, file] of names) {
      writeFileSync(join(folder, name), bytesAsCut(file, fateOf, random));
    }
  }

  #file(name: string): DiskFile {
    const file = this.#names.get(name);
    if (!file) throw new Error(`${name} was written and never made`);
    return file;
  }

  #create(name: string): void {
    const made: DiskFile = { synced: new FileBytes(), pending: [] };
    this.#changeNames((names) => names.set(name, made));
  }

  #rename(from: string, to: string): void {
    const renamed = this.#file(from);
    this.#changeNames((names) => {
      names.delete(from);
      names.set(to, renamed);
    });
  }

  #changeNames(change: NameChange): void {
    change(this.#names);
    this.#pendingNames.push(change);
  }
}

function syncFile(file: DiskFile): void {
  for (const change of file.pending) applyChange(file.synced, change);
  file.pending = [];
}

function applyChange(bytes: FileBytes, change: FileChange): void {
  if (change.kind === 'truncate') bytes.truncate(change.length);
  else bytes.write(change.offset, change.bytes);
}

function bytesAsCut({ synced, pending }: DiskFile, fateOf: () => Fate, random: Random): Buffer {
  if (pending.length === 0) return synced.content;
  const bytes = synced.copy();
  for (const change of pending) {
    const fate = fateOf();
    if (fate === 'kept') applyChange(bytes, change);
    else if (change.kind === 'write') leavePart(bytes, change, fate, random);
  }
  return bytes.content;
}

/** The file may have grown for a write that never came, and then reads as zeros there. */
function leavePart(
  bytes: FileBytes,
  { offset, bytes: written }: Extract<FileChange, { kind: 'write' }>,
  fate: Fate,
  random: Random,
): void {
  const end = offset + written.length;
  if (bytes.length < end && random(3) === 0) bytes.truncate(end);
  if (fate === 'dropped') return;
  for (let from = offset; from < end;) {
    const to = Math.min(end, (Math.floor(from / SECTOR_BYTES) + 1) * SECTOR_BYTES);
    if (random(2) === 0) bytes.write(from, written.subarray(from - offset, to - offset));
    from = to;
  }
}

/** Each cut has its own luck: nothing kept, all kept, or a share of it, some of that torn. */
function fates(random: Random): () => Fate {
  const keptOf10 = [0, 0, 10, 1 + random(9), 1 + random(9), 9, 5][random(7)]!;
  return () => {
    if (keptOf10 === 0) return 'dropped';
    if (random(10) < keptOf10) return 'kept';
    return random(2) === 0 ? 'dropped' : 'torn';
  };
}
