// The recording of a load: what it wrote, synced and acknowledged, in order, as strace saw it.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { basename, dirname } from 'node:path';
import { createInterface } from 'node:readline';

/** `name` is that of a file in the watched folder. */
export type Recorded =
  | { kind: 'create'; name: string }
  | { kind: 'write'; name: string; offset: number; bytes: Buffer }
  | { kind: 'truncate'; name: string; length: number }
  | { kind: 'sync'; name: string }
  | { kind: 'sync_folder' }
  | { kind: 'rename'; from: string; to: string }
  | { kind: 'unlink'; name: string }
  | { kind: 'ack'; line: string };

/** Where a load works: its files in `folder`, its acknowledgements to `acks`. */
export interface Watched {
  folder: string;
  acks: string;
}

/** Every call that can change a file. What the replay does not know stops it (`toRecorded`). */
const CALLS = [
  'open,openat,openat2,creat,close,dup,dup2,dup3',
  'write,writev,pwrite64,pwritev,pwritev2,sendfile,copy_file_range,splice',
  'ftruncate,truncate,fallocate,fsync,fdatasync,sync_file_range,sync,syncfs,msync',
  'link,linkat,symlink,symlinkat,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,rmdir',
].join(',');

/** Longer than any one write: strace must not cut one short. */
const LONGEST_STRING = 64 * 1024 * 1024;

export function hasStrace(): boolean {
  try {
    execFileSync('strace', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Runs the program under strace until it kills itself. Rejects when it ends in another way. */
export async function record(program: string[], trace: string): Promise<void> {
  const watch = ['-f', '--seccomp-bpf', '-y', '-xx', '-s', `${LONGEST_STRING}`, '-o', trace];
  const child = spawn('strace', [...watch, '-e', `trace=${CALLS}`, process.execPath, ...program], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (signal !== 'SIGKILL') throw new Error(`The load ended with ${code} under strace`);
}

/** What the traces, one after the other, say of the watched folder; each call where it had returned. */
export async function* readRecording(
  traces: readonly string[],
  watched: Watched,
): AsyncGenerator<Recorded> {
  for (const trace of traces) yield* readTrace(trace, watched);
}

async function* readTrace(trace: string, watched: Watched): AsyncGenerator<Recorded> {
  const reader = new CallReader(watched);
  const begun = new Map<string, string>();
  for await (const line of createInterface(createReadStream(trace, 'latin1'))) {
    const call = wholeCall(line, begun);
    if (call !== undefined) yield* reader.read(call);
  }
}

/** Another thread's call may stand between a call's begin and its end: the two are put together. */
function wholeCall(line: string, begun: Map<string, string>): string | undefined {
  const { pid = '', text = '' } = /^(?<pid>\d+) +(?<text>.*)$/.exec(line)?.groups ?? {};
  if (text.endsWith(' <unfinished ...>')) {
    begun.set(pid, text.slice(0, -' <unfinished ...>'.length));
    return undefined;
  }
  const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text);
  return resumed ? `${begun.get(pid) ?? ''}${resumed[1]}` : text;
}

/** `name(arguments) = result`; calls that failed changed nothing. */
const CALL = /^(\w+)\((.*)\) += (\d+)/;
/** A file descriptor with its path: `17<\x2f…>`, `17<\x2f…>(deleted)`. */
const DESCRIPTOR = /^(\d+)<((?:\\x..)*)>/;

/** A call on a file of the watched folder; `rest` is its arguments after the descriptor. */
interface FileCall {
  call: string;
  fd: number;
  name: string;
  rest: string;
  result: number;
}

class CallReader {
  readonly #watched: Watched;
  /** Where the next plain `write` of each descriptor goes. */
  readonly #positions = new Map<number, number>();

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  *read(text: string): Generator<Recorded> {
    const [, call, args = '', result = ''] = CALL.exec(text) ?? [];
    if (!call) return;
    if (call === 'openat' || call === 'open') yield* this.#open(text, args);
    else if (call === 'rename') yield* this.#rename(args);
    else if (call === 'unlink') yield* this.#unlink(args);
    else yield* this.#onDescriptor(call, args, Number(result));
  }

  *#open(text: string, args: string): Generator<Recorded> {
    const [, fd = '', path = ''] = DESCRIPTOR.exec(text.slice(text.lastIndexOf(' = ') + 3)) ?? [];
    this.#positions.set(Number(fd), 0);
    const name = this.#nameOf(decodeText(path));
    if (name === undefined || !name) return;
    if (args.includes('O_CREAT')) yield { kind: 'create', name };
    if (args.includes('O_TRUNC')) yield { kind: 'truncate', name, length: 0 };
  }

  *#rename(args: string): Generator<Recorded> {
    const [from, to] = stringsOf(args).map((path) => this.#nameOf(path));
    if (from && to) yield { kind: 'rename', from, to };
  }

  *#unlink(args: string): Generator<Recorded> {
    const name = this.#nameOf(stringsOf(args)[0] ?? '');
    if (name) yield { kind: 'unlink', name };
  }

  *#onDescriptor(call: string, args: string, result: number): Generator<Recorded> {
    const [whole = '', fd = '', encoded = ''] = DESCRIPTOR.exec(args) ?? [];
    const path = decodeText(encoded);
    const rest = args.slice(whole.length);
    const name = this.#nameOf(path);
    if (path === this.#watched.acks && call === 'write') {
      yield { kind: 'ack', line: bytesOf(rest).toString().trim() };
      // What is written to a file that has no name any more is never seen again.
    } else if (name !== undefined && !rest.startsWith('(deleted)')) {
      yield* this.#onFile({ call, fd: Number(fd), name, rest, result });
    }
  }

  *#onFile({ call, fd, name, rest, result }: FileCall): Generator<Recorded> {
    switch (call) {
      case 'write': {
        const offset = this.#positions.get(fd) ?? 0;
        this.#positions.set(fd, offset + result);
        yield { kind: 'write', name, offset, bytes: bytesOf(rest).subarray(0, result) };
        break;
      }
      case 'pwrite64': {
        const bytes = bytesOf(rest).subarray(0, result);
        yield { kind: 'write', name, offset: Number(lastOf(rest)), bytes };
        break;
      }
      case 'ftruncate':
        yield { kind: 'truncate', name, length: Number(lastOf(rest)) };
        break;
      case 'fsync':
      case 'fdatasync':
        yield name ? { kind: 'sync', name } : { kind: 'sync_folder' };
        break;
      case 'close':
        break;
      default:
        throw new Error(`The replay does not know what ${call} does to ${name}`);
    }
  }

  /** Empty for the folder itself, undefined for what is not in it. */
  #nameOf(path: string): string | undefined {
    if (path === this.#watched.folder) return '';
    return dirname(path) === this.#watched.folder ? basename(path) : undefined;
  }
}

const lastOf = (args: string) => args.slice(args.lastIndexOf(',') + 1).trim();

function stringsOf(args: string): string[] {
  return [...args.matchAll(/"((?:\\x..)*)"/g)].map(([, encoded = '']) => decodeText(encoded));
}

/** The one string among the arguments; refuses one that strace cut short. */
function bytesOf(args: string): Buffer {
  const from = args.indexOf('"') + 1;
  const to = args.indexOf('"', from);
  if (args.startsWith('...', to + 1)) throw new Error('strace cut a write short');
  return decode(args.slice(from, to));
}

const decode = (encoded: string) => Buffer.from(encoded.replaceAll('\\x', ''), 'hex');
const decodeText = (encoded: string) => decode(encoded).toString();
