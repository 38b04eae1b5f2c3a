// The exit codes: one number for each way a command can fail, so that a script can tell them apart.
import { ConfigError } from '../config.ts';
import { StoreOpenError, type StoreFault } from '../store/store-open-error.ts';
import {
  GatewayError,
  InvalidPayloadError,
  JobCancelledError,
  JobFailedError,
  JobNotFoundError,
} from '../client/client.ts';
import { ListenError, type ListenFault } from './port.ts';
import { CommandError } from './command-error.ts';

export const EXIT_OK = 0;
export const EXIT_UNEXPECTED = 1;
/** A wrong command, flag or variable. */
export const EXIT_USAGE = 2;

export const STORE_EXIT_CODES = {
  locked: 10,
  not_a_database: 11,
  corrupt: 12,
  read_only: 13,
  no_permission: 14,
  disk_full: 15,
  newer_version: 16,
  orphan_wal: 17,
  unusable: 18,
} as const satisfies Record<StoreFault, number>;

export const LISTEN_EXIT_CODES = {
  port_in_use: 20,
  port_forbidden: 21,
  address_unavailable: 22,
} as const satisfies Record<ListenFault, number>;

/** How a job ended, or why there is nothing to say about it. */
export const JOB_EXIT_CODES = {
  failed: 30,
  cancelled: 31,
  not_ended: 32,
  not_found: 33,
  refused: 34,
  unreachable: 35,
} as const;

/** Why there is nothing to import. */
export const IMPORT_EXIT_CODES = {
  not_a_folder: 40,
  no_job_files: 41,
} as const;

/** What the process ends with after this error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode;
  if (error instanceof ConfigError) return EXIT_USAGE;
  if (error instanceof StoreOpenError) return STORE_EXIT_CODES[error.fault];
  if (error instanceof ListenError) return LISTEN_EXIT_CODES[error.fault];
  if (error instanceof JobFailedError) return JOB_EXIT_CODES.failed;
  if (error instanceof JobCancelledError) return JOB_EXIT_CODES.cancelled;
  return error instanceof GatewayError ? exitCodeOfRefusal(error) : EXIT_UNEXPECTED;
}

function exitCodeOfRefusal(error: GatewayError): number {
  if (error instanceof InvalidPayloadError) return EXIT_USAGE;
  if (error instanceof JobNotFoundError) return JOB_EXIT_CODES.not_found;
  if (error.isPassing) return JOB_EXIT_CODES.unreachable;
  const isKeyRefused = error.status === 401 || error.status === 403;
  return isKeyRefused ? JOB_EXIT_CODES.refused : EXIT_UNEXPECTED;
}
