// The dashboard in a browser: how soon a page is useful, and how soon the jobs answer a filter.
import { writeFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { JsonText } from '../src/contract/json-text.ts';
import type { JobStore } from '../src/store/job-store.ts';
import { hasChromium, launchChromium } from '../test/chromium.ts';
import type { Bench, Finding } from './bench.ts';
import { median } from './compare.ts';
import { createKey, openStore, TENANT } from './fill.ts';
import { ENDPOINTS, queueJobs } from './queued.ts';
import { count, ms, progress, type Table } from './report.ts';

const FILTER_GOAL_MS = 200;
const PAINT_GOAL_MS = 1000;
/** Of each kind of filter. */
const TURNS = 5;
/** Not measured: until V8 has compiled what is. */
const WARM_UP_TURNS = 1;
/** Of each kind of work: some end, some fail, the others go on. */
const CLAIMED = 100;

const RESULT = JsonText.of({ seconds: 12 });
const FAULT = { code: 422, message: 'no audio in it', retry: false, retryDelayMs: null };

interface PageTimes {
  jobs: number;
  /** Milliseconds by what was done. */
  paints: Record<string, number[]>;
  filters: Record<string, number[]>;
}

interface Filled {
  path: string;
  apiKey: string;
}

/** The queue's sizes are those of `flat`: `--rows`. */
export async function measurePage(bench: Bench): Promise<Finding> {
  if (!hasChromium) throw new Error('page needs Chromium: apt install chromium-headless-shell');
  const timed: PageTimes[] = [];
  const browser = await launchChromium();
  try {
    for (const jobs of bench.options.rows) timed.push(await timeOn(bench, browser, jobs));
  } finally {
    await browser.close();
  }
  return { table: toTable(timed), figures: timed };
}

async function timeOn(bench: Bench, browser: Browser, jobs: number): Promise<PageTimes> {
  const file = await fillQueue(bench.workspace.newFile(), jobs);
  const server = await bench.startGateway(file.path);
  const open = (path: string) => openPage(browser, file, `http://127.0.0.1:${server.port}${path}`);
  try {
    progress(`opening the page beside ${count(jobs)} jobs`);
    const paints = {
      'overview, first figures': await timePaints(open, '/', '.state-tile-count', bench),
      'jobs, first rows': await timePaints(open, '/jobs', '.jobs-row', bench),
    };
    return { jobs, paints, filters: await timeFilters(await open('/jobs'), jobs) };
  } finally {
    await server.stop();
  }
}

async function fillQueue(path: string, jobs: number): Promise<Filled> {
  writeFileSync(path, '');
  const store = openStore(path);
  try {
    const apiKey = await createKey(store);
    await queueJobs(store, jobs);
    for (const endpoint of ENDPOINTS) await workOn(store, endpoint);
    await store.checkpoint();
    return { path, apiKey };
  } finally {
    await store.close();
  }
}

async function workOn(store: JobStore, endpoint: string): Promise<void> {
  const claimed = await store.claim({
    tenant: TENANT,
    endpoints: [endpoint],
    max: CLAIMED,
    leaseSeconds: 3600,
    workerId: `of ${endpoint}`,
    workerPid: 4242,
  });
  const ends = claimed.map(async ({ jobId, leaseToken }, index) => {
    const lease = { tenant: TENANT, jobId, leaseToken };
    if (index % 3 === 0) await store.complete(lease, RESULT);
    else if (index % 3 === 1) await store.fail(lease, FAULT);
  });
  await Promise.all(ends);
}

/** A tab of a profile of its own, signed in, with nothing in its cache. */
async function openPage(browser: Browser, { apiKey }: Filled, url: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.addInitScript(`sessionStorage.setItem('jobgate.api-key', '${apiKey}')`);
  const page = await context.newPage();
  await page.goto(url, { waitUntil: 'commit' });
  return page;
}

/** From the start of the navigation to the frame that shows what is looked for, milliseconds. */
async function timePaints(
  open: (path: string) => Promise<Page>,
  path: string,
  selector: string,
  { options: { rounds } }: Bench,
): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const page = await open(path);
    times.push(
      await page.evaluate<number>(`${UNTIL}(() => document.querySelector('${selector}'))`),
    );
    await page.context().close();
  }
  return times;
}

/** Resolves with the time, in milliseconds since the navigation, of the frame after the one in which it is there. */
const UNTIL = `((isThere) => new Promise((resolve) => {
  const painted = () => requestAnimationFrame(() => resolve(performance.now()));
  const look = () => (isThere() ? painted() : requestAnimationFrame(look));
  look();
}))`;

interface Filter {
  name: string;
  /** The list that it begins from; each turn another, for what was read once is kept. */
  from(turn: number): string;
  /** What a reader does, as a script. */
  act(turn: number): string;
}

const endpointOf = (turn: number) => ENDPOINTS[(turn + ENDPOINTS.length) % ENDPOINTS.length] ?? '';

function filtersOf(jobs: number): Filter[] {
  const idOf = (turn: number) => Math.floor((jobs * (turn + 2)) / (TURNS + 3));
  return [
    {
      name: 'by state',
      from: (turn) => `/jobs?endpoint=${encodeURIComponent(endpointOf(turn))}`,
      act: () => `document.querySelector('.jobs-state [data-state=done]').parentElement.click()`,
    },
    {
      name: 'by endpoint',
      from: () => '/jobs?job_status=running',
      act: (turn) => `choose('Endpoint', '${endpointOf(turn)}')`,
    },
    {
      name: 'by caller’s id',
      from: () => '/jobs',
      act: (turn) => `type('Caller’s id', 'upload-${idOf(turn)}')`,
    },
    {
      name: 'search',
      from: () => '/jobs',
      act: (turn) => `type('Search ids', 'upload-${Math.floor(idOf(turn) / 10)}')`,
    },
  ];
}

async function timeFilters(page: Page, jobs: number): Promise<Record<string, number[]>> {
  const times: Record<string, number[]> = {};
  for (const { name, from, act } of filtersOf(jobs)) {
    const taken: number[] = [];
    for (let turn = -WARM_UP_TURNS; turn < TURNS; turn += 1) {
      await page.evaluate(`(${GO})('${from(turn)}')`);
      taken.push(await page.evaluate<number>(`(${TIME})((choose, type) => ${act(turn)})`));
    }
    times[`filter, ${name}`] = taken.slice(WARM_UP_TURNS);
  }
  return times;
}

/** As a link of the page does; resolves once its rows are there, and half a second later. */
const GO = `async (path) => {
  history.pushState(null, '', path);
  dispatchEvent(new PopStateEvent('popstate'));
  const frame = () => new Promise(requestAnimationFrame);
  await frame();
  do await frame(); while (document.querySelector('.jobs-table')?.ariaBusy !== 'false');
  await new Promise((resolve) => setTimeout(resolve, 500));
}`;

/** From what a reader does to the frame after the one in which other rows are there, milliseconds. */
const TIME = `(act) => new Promise((resolve) => {
  const fieldOf = (label) => document.querySelector('.jobs-filters [aria-label="' + label + '"]');
  const put = (type) => (label, value) => {
    const field = fieldOf(label);
    field.value = value;
    field.dispatchEvent(new Event(type, { bubbles: true }));
  };
  const rows = () => {
    const table = document.querySelector('.jobs-table[aria-busy=false]');
    return table && [...table.querySelectorAll('tbody a')].map(({ href }) => href).join();
  };
  const before = rows();
  const startedAt = performance.now();
  const look = () => {
    const after = rows();
    if (!after || after === before) requestAnimationFrame(look);
    else requestAnimationFrame(() => resolve(performance.now() - startedAt));
  };
  act(put('change'), put('input'));
  look();
})`;

function toTable(timed: PageTimes[]): Table {
  const allOf = (kinds: Record<string, number[]>) => Object.values(kinds).flat();
  const largest = timed.at(-1);
  const filter = median(allOf(largest?.filters ?? {}));
  const paint = Math.max(...Object.values(largest?.paints ?? {}).map(median));
  return {
    title: 'The dashboard',
    head: ['what', 'times', 'median', 'slowest'],
    rows: timed.flatMap(({ jobs, paints, filters }) =>
      Object.entries({ ...paints, ...filters, 'all filters': allOf(filters) }).map(
        ([what, times]) => [
          `${count(jobs)} jobs: ${what}`,
          String(times.length),
          ms(median(times)),
          ms(Math.max(...times)),
        ],
      ),
    ),
    verdicts: [
      {
        goal: `a filter in under ${FILTER_GOAL_MS} ms, median of ${allOf(largest?.filters ?? {}).length}`,
        actual: ms(filter),
        reached: filter < FILTER_GOAL_MS,
      },
      {
        goal: `the first useful paint in under ${PAINT_GOAL_MS / 1000} s`,
        actual: ms(paint),
        reached: paint < PAINT_GOAL_MS,
      },
    ],
  };
}
