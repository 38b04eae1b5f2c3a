// StoreOpenError: why a store could not be opened, in one line for the person who runs the box.

export type StoreFault =
  | 'locked'
  | 'not_a_database'
  | 'corrupt'
  | 'read_only'
  | 'no_permission'
  | 'disk_full'
  | 'newer_version'
  | 'orphan_wal'
  | 'unusable';

export class StoreOpenError extends Error {
  readonly fault: StoreFault;

  constructor(fault: StoreFault, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'StoreOpenError';
    this.fault = fault;
  }
}
