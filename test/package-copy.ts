// A copy of the package, built as it is shipped, in which a document's blocks are checked and run as they stand.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** All that a build needs. */
const NEEDED = [
  'src',
  'db',
  'tools/bundle.ts',
  'tools/build-dashboard.ts',
  'tools/vite.config.ts',
  'package.json',
  'openapi.json',
  'tsconfig.json',
  'tsconfig.build.json',
];

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

export class PackageCopy {
  readonly folder = mkdtempSync(join(tmpdir(), 'jobgate-copy-'));
  readonly #environment: NodeJS.ProcessEnv;

  /** `environment` is what programs see beside our own. */
  constructor(environment: Record<string, string>, more: readonly string[] = []) {
    this.#environment = { ...process.env, ...environment };
    for (const name of [...NEEDED, ...more]) {
      cpSync(join(ROOT, name), join(this.folder, name), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(this.folder, 'node_modules'));
  }

  build(): Promise<Ran> {
    return this.run('npm', ['run', '--silent', 'build']);
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  /** Type-checks these files as the repository's own are. */
  check(include: readonly string[]): Promise<Ran> {
    this.write('blocks.json', JSON.stringify({ extends: './tsconfig.json', include }));
    return this.run('node_modules/.bin/tsc', ['-p', 'blocks.json']);
  }

  /** A process group of its own, so that what it starts can be ended with it. */
  start(command: string, args: readonly string[]): ChildProcess {
    return spawn(command, args, {
      cwd: this.folder,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
  }

  run(command: string, args: readonly string[]): Promise<Ran> {
    return endOf(this.start(command, args));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

export async function endOf(child: ChildProcess): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
