// What every measure works with: the options, the run's workspace, and the files that it fills.
import { copyFileSync } from 'node:fs';
import { fill, type Filled } from './fill.ts';
import type { Options } from './options.ts';
import { count, progress, type Table } from './report.ts';
import { Workspace, type Server, type ServerProgram } from './workspace.ts';

/** What a measure found: a table for people, and the figures behind it for programs. */
export interface Finding {
  table: Table;
  figures: unknown;
}

export class Bench {
  readonly options: Options;
  readonly workspace = new Workspace();
  readonly #files = new Map<number, Promise<Filled>>();

  constructor(options: Options) {
    this.options = options;
  }

  /** A file with that many done jobs, filled once in a run. Nothing may open it: copy it. */
  filled(jobs: number): Promise<Filled> {
    const known = this.#files.get(jobs) ?? this.#fill(jobs);
    this.#files.set(jobs, known);
    return known;
  }

  async #fill(jobs: number): Promise<Filled> {
    progress(`filling a file with ${count(jobs)} done jobs`);
    const file = await fill(this.workspace.newFile(), jobs);
    progress(`filled in ${file.seconds.toFixed(1)} s`);
    return file;
  }

  /** A copy of its own for each server, so that none shares locks or a log with another. */
  copyOf(file: Filled): string {
    const path = this.workspace.newFile();
    for (const suffix of ['', '.sums']) copyFileSync(file.path + suffix, path + suffix);
    return path;
  }

  startGateway(databasePath: string): Promise<Server> {
    return this.workspace.start(gateway(databasePath));
  }
}

/** The product, as a user starts it. */
export function gateway(databasePath: string): ServerProgram {
  return {
    name: 'jobgate serve',
    program: 'dist/src/cli/main.js',
    arguments: ['serve'],
    environment: { DATABASE_URL: `file:${encodeURI(databasePath)}` },
  };
}

/** One of the programs in `bench/servers`. */
export function rival(name: string, databasePath: string, buildNumber: string): ServerProgram {
  return {
    name,
    program: `bench/servers/${name}.ts`,
    environment: { DATABASE_PATH: databasePath, BUILD_NUMBER: buildNumber },
  };
}
