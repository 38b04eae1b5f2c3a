// Salvage: what it saves is right, what is lost is counted, and the damaged file stays as it was.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { salvage, type Salvaged } from '../../../src/store/sqlite/salvage.ts';
import { damage, randomFrom } from './damage.ts';
import {
  copyDatabase,
  expectTruth,
  FILES,
  makeWorld,
  newJob,
  openTestStore,
  TENANT,
  type World,
} from './world.ts';

let folder = '';
let world: World;
let killed = '';
let stopped = '';
/** A copy to damage, and where to salvage it to. */
let path = '';
let out = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jobgate-salvage-'));
  const made = await makeWorld(join(folder, 'made'));
  world = made.world;
  killed = copyDatabase(made.path, join(folder, 'killed'));
  await made.store.close();
  stopped = copyDatabase(made.path, join(folder, 'stopped'));
});

afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(() => {
  path = copyDatabase(stopped, join(folder, 'damaged'));
  out = join(folder, 'damaged', 'salvaged.db');
});

afterEach(() => rmSync(join(folder, 'damaged'), { recursive: true }));

const bytesOf = (file: string) =>
  FILES.map((suffix) =>
    existsSync(file + suffix) ? readFileSync(file + suffix).toString('base64') : null,
  );

/** Salvages, and opens what came of it: the jobs that are there are right, and no others. */
async function salvageAndOpen(): Promise<Salvaged & { jobs: World }> {
  const before = bytesOf(path);
  const salvaged = salvage(path, out);
  expect(bytesOf(path)).toEqual(before);
  const store = openTestStore(out);
  const found = await store.findStatuses(TENANT, [...world.keys()]);
  const jobs = new Map([...world].filter(([jobId]) => found.has(jobId)));
  await expectTruth(store, jobs);
  expect(salvaged.saved['jobs']).toBe(jobs.size);
  await store.submit([newJob({ after: 'salvage' })]);
  await store.close();
  return { ...salvaged, jobs };
}

/** A file that was cut to next to nothing. */
function nothingLeft(error: unknown): number {
  expect(String(error)).toMatch(/Nothing of a Jobgate database/);
  expect(existsSync(out)).toBe(false);
  return 0;
}

function blank(file: string, from: number, to: number): void {
  const bytes = readFileSync(file);
  bytes.subarray(from, to).fill(0);
  writeFileSync(file, bytes);
}

describe('saves everything', () => {
  it.each([
    ['of a whole file', () => {}],
    ['where the header is lost', () => blank(path, 0, 100)],
    ['where the whole first page is lost, and so which table is where', () => blank(path, 0, 4096)],
    ['of a killed gateway, from its log', () => copyDatabase(killed, join(folder, 'damaged'))],
    ['without the page sums', () => rmSync(`${path}.sums`)],
  ])('%s', async (_, harm) => {
    harm();
    const { jobs, jobsBefore } = await salvageAndOpen();
    expect(jobs.size).toBe(world.size);
    expect(jobsBefore).toBe(world.size);
  });

  it('attempts, events, queue id and keys included', async () => {
    const rows = (file: string, table: string) => {
      const sqlite = new Database(file, { readonly: true });
      const all = sqlite.prepare(`select * from ${table}`).raw().all();
      sqlite.close();
      return all;
    };
    salvage(path, out);
    for (const table of [
      'meta',
      'jobs',
      'job_payloads',
      'attempts',
      'events',
      'counters',
      'activity',
      'webhook_deliveries',
      'webhook_attempts',
      'webhook_secrets',
    ]) {
      expect({ table, rows: rows(out, table) }).toEqual({ table, rows: rows(path, table) });
    }
  });
});

describe('saves what is whole', () => {
  it('of a page that fails its sum: nothing', async () => {
    const pageSize = 4096;
    const bytes = readFileSync(path);
    // A word of a queued job's payload: only the page's sum can tell.
    const at = bytes.indexOf('upload-70.1 ');
    expect(at).toBeGreaterThan(pageSize);
    bytes[at]! ^= 1;
    writeFileSync(path, bytes);
    const { jobs, lostPages } = await salvageAndOpen();
    expect(lostPages).toBe(1);
    expect(jobs.size).toBeLessThan(world.size);
    expect(jobs.size).toBeGreaterThan(world.size - 20);
  });

  it('of a payload that fails its checksum, where there are no page sums: not its job', async () => {
    rmSync(`${path}.sums`);
    const bytes = readFileSync(path);
    bytes[bytes.indexOf('upload-70.1 ')]! ^= 1;
    writeFileSync(path, bytes);
    const { jobs, jobsBefore, brokenRows } = await salvageAndOpen();
    expect([...world].filter(([jobId]) => !jobs.has(jobId)).map(([, { id }]) => id)).toEqual([
      'upload-70',
    ]);
    expect({ jobsBefore, brokenRows }).toEqual({ jobsBefore: world.size, brokenRows: 2 });
  });

  it('of a log whose database is gone', async () => {
    const at = copyDatabase(killed, join(folder, 'damaged'));
    rmSync(at);
    rmSync(`${at}.sums`);
    const { jobs } = await salvageAndOpen();
    expect(jobs.size).toBeGreaterThan(0);
  });

  const seed = Math.floor(Math.random() * 2 ** 32);
  it(`after 40 damages at random (seed ${seed})`, async () => {
    const random = randomFrom(seed);
    let saved = 0;
    for (let i = 0; i < 40; i += 1) {
      copyDatabase(stopped, join(folder, 'damaged'));
      damage(path, random);
      saved += await salvageAndOpen().then(({ jobs }) => jobs.size, nothingLeft);
      for (const suffix of FILES) rmSync(out + suffix, { force: true });
    }
    expect(saved).toBeGreaterThan(20 * world.size);
  });
});

it('never writes over a file', () => {
  writeFileSync(out, 'mine');
  expect(() => salvage(path, out)).toThrow(/exists: name another file/);
  expect(readFileSync(out, 'utf8')).toBe('mine');
});

it('finds nothing in the file of another program, and leaves none', () => {
  const notes = join(folder, 'damaged', 'notes.db');
  new Database(notes).exec("create table notes (text); insert into notes values ('x')").close();
  expect(() => salvage(notes, out)).toThrow(/Nothing of a Jobgate database/);
  expect(existsSync(out)).toBe(false);
});
