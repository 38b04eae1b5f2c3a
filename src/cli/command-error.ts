// Errors of a command: one line for the person at the terminal, and what the process ends with.

export class CommandError extends Error {
  readonly exitCode: number;

  /** `exitCode` 1: the command was right, and could not be done. */
  constructor(message: string, exitCode = 1) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

/** A wrong command or flag; exit code 2. */
export class UsageError extends CommandError {
  constructor(message: string) {
    super(message, 2);
    this.name = 'UsageError';
  }
}
