// A Dockerfile without an engine: its steps replayed in plain folders, one for each stage.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

export interface Step {
  instruction: string;
  rest: string;
}

export interface Stage {
  name: string;
  base: string;
  steps: Step[];
}

/** The stages in their order; each has what follows its FROM. */
export function readDockerfile(path: string): Stage[] {
  const stages: Stage[] = [];
  for (const { instruction, rest } of readSteps(path)) {
    const [base = '', , name = ''] = rest.split(' ');
    if (instruction === 'FROM') stages.push({ name: name || 'final', base, steps: [] });
    else stages.at(-1)?.steps.push({ instruction, rest });
  }
  return stages;
}

function readSteps(path: string): Step[] {
  const text = readFileSync(path, 'utf8').replaceAll(/\\\n/g, ' ');
  const lines = text.split('\n').filter((line) => line.trim() && !line.startsWith('#'));
  return lines.map((line) => {
    const [instruction = '', ...rest] = line.split(' ');
    return { instruction, rest: rest.join(' ') };
  });
}

/** What the last step of the kind says, as JSON where it is JSON. */
export function lastOf({ steps }: Stage, instruction: string): any {
  const rest = steps.findLast((step) => step.instruction === instruction)?.rest ?? '';
  return rest.startsWith('[') ? JSON.parse(rest) : rest;
}

export interface Replay {
  /** What COPY takes from. */
  context: string;
  /** A folder in which each stage gets one of its own. */
  folder: string;
  /** Instead of installing what the repository has installed from the same lockfile already. */
  installed: { command: string; nodeModules: string };
}

/** Replays the stages that do not wait for each other at the same time; resolves to their roots. */
export async function replay(stages: Stage[], options: Replay): Promise<Map<string, string>> {
  const roots = new Map(stages.map(({ name }) => [name, join(options.folder, name)]));
  const done = new Map<string, Promise<void>>();
  for (const stage of stages) done.set(stage.name, replayStage(stage, { ...options, roots, done }));
  await Promise.all(done.values());
  return roots;
}

interface Running extends Replay {
  roots: Map<string, string>;
  done: Map<string, Promise<void>>;
}

async function replayStage({ name, steps }: Stage, running: Running): Promise<void> {
  const root = running.roots.get(name) ?? '';
  let workdir = root;
  for (const { instruction, rest } of steps) {
    if (instruction === 'WORKDIR') workdir = join(root, rest);
    mkdirSync(workdir, { recursive: true });
    if (instruction === 'COPY') await copy(rest.split(' '), workdir, running);
    if (instruction === 'RUN') await runIn(workdir, root, rest, running.installed);
  }
}

async function copy(words: string[], workdir: string, running: Running): Promise<void> {
  const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
  if (from) await running.done.get(from);
  const paths = words.filter((word) => !word.startsWith('--'));
  const target = join(workdir, paths.at(-1) ?? '');
  for (const path of paths.slice(0, -1)) {
    if (!from) refuseIgnored(running.context, path);
    const source = join(from ? (running.roots.get(from) ?? '') : running.context, path);
    const isInto = target.endsWith('/') && !statSync(source).isDirectory();
    cpSync(source, isInto ? join(target, basename(path)) : target, { recursive: true });
  }
}

/** An engine would not find what .dockerignore leaves out; ours leaves out all that it does not name. */
function refuseIgnored(context: string, path: string): void {
  const named = readFileSync(join(context, '.dockerignore'), 'utf8').split('\n');
  if (!named.includes('*') || !named.includes(`!${path}`)) {
    throw new Error(`.dockerignore leaves out ${path}`);
  }
}

/** Paths of the image are of the stage's folder; users of the image are nobody here. */
async function runIn(
  workdir: string,
  root: string,
  command: string,
  installed: Replay['installed'],
): Promise<void> {
  if (command === installed.command) {
    return symlinkSync(installed.nodeModules, join(workdir, 'node_modules'));
  }
  const here = command.replaceAll(/ -[og] \w+/g, '').replaceAll(' /data', ` ${join(root, 'data')}`);
  await promisify(execFile)('sh', ['-euc', here], {
    cwd: workdir,
    env: npmEnvironment(),
  });
}

/** What npm fetched before is not fetched again. */
export function npmEnvironment(): NodeJS.ProcessEnv {
  const ours = join(process.execPath, '..');
  const { PATH = '' } = process.env;
  return { ...process.env, PATH: `${ours}:${PATH}`, npm_config_prefer_offline: 'true' };
}
