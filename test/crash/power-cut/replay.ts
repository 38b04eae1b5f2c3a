// A replay, in a thread of its own: runs the recording on a disk that forgets and cuts it at points.
import { parentPort, workerData } from 'node:worker_threads';
import { randomFrom } from '../../store/sqlite/damage.ts';
import { tryCut, type CutResult } from './cut.ts';
import { Disk } from './disk.ts';
import { Ledger } from './ledger.ts';
import { readRecording, type Watched } from './recording.ts';

export interface Point {
  /** Events before the cut. */
  at: number;
  /** Of what the disk then makes of the changes that were not synced. */
  seed: number;
}

export interface Replay {
  traces: string[];
  watched: Watched;
  /** Ascending. */
  points: Point[];
  /** Where each image is made. */
  folder: string;
}

/** Runs the replay of this thread, telling its parent of each cut. */
async function replay(task: Replay, tell: (result: CutResult) => void): Promise<void> {
  const points = task.points.values();
  const moment = { at: 0, disk: new Disk(), ledger: new Ledger() };
  let { value: point } = points.next();
  for await (const event of readRecording(task.traces, task.watched)) {
    for (; point?.at === moment.at; point = points.next().value) {
      tell(await tryCut(moment, task.folder, randomFrom(point.seed)));
    }
    if (!point) return;
    if (event.kind === 'ack') moment.ledger.add(event.line);
    else moment.disk.apply(event);
    moment.at += 1;
  }
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
await replay(workerData as Replay, (result) => parentPort?.postMessage(result));
