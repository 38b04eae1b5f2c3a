// The log of `jobgate worker`: one readable line for each thing that happens, without payloads or keys.
import { onOneLine } from './one-line.ts';
import type { JobMark, OnWorkerEvent, WorkerEvent } from '../worker/worker.ts';

/** The events as lines, each with its time, given to `write`. */
export function workerLog(write: (line: string) => unknown): OnWorkerEvent {
  return (event) => {
    const text = describe(event);
    if (text !== undefined) write(`${new Date().toISOString()} ${onOneLine(text)}\n`);
  };
}

function describe(event: WorkerEvent): string | undefined {
  switch (event.kind) {
    case 'started':
      return `worker ${event.workerId} takes ${event.endpoints.join(', ')}`;
    case 'claimed':
      return `started   ${job(event)}`;
    case 'completed':
      return `done      ${job(event)} in ${seconds(event.runMs)}`;
    case 'failed':
      return `failed    ${job(event)} in ${seconds(event.runMs)}, ${fate(event)}: ${event.message}`;
    case 'released':
      return `released  ${job(event)} after ${seconds(event.runMs)}, ${fate(event)}`;
    case 'aborted':
      return `aborting  ${job(event)}: ${event.reason}`;
    case 'dropped':
      return `dropped   ${job(event)}: ${event.message}`;
    case 'progress_refused':
      return `progress not taken for ${job(event)}: ${event.message}`;
    case 'retrying':
      return `${event.message}; trying the ${event.what} again in ${seconds(event.inMs)}`;
    case 'reconnected':
      return 'the gateway answers again';
    case 'stopping':
      return 'stopping: no new jobs';
    case 'stopped':
      break;
  }
  // With an error, the command tells it as it ends.
  return event.error ? undefined : 'stopped';
}

function job({ jobId, endpoint, attempt }: JobMark): string {
  return `${jobId} ${endpoint}${attempt > 1 ? ` (attempt ${attempt})` : ''}`;
}

function fate({ jobStatus }: { jobStatus: string }): string {
  return `now ${jobStatus}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
