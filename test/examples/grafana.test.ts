// examples/grafana: every metric it names is there, and Prometheus and Grafana can read the files.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../cli/child.ts';
import { finishJob } from '../clients.ts';
import { startTestGateway } from '../gateway.ts';

const FOLDER = fileURLToPath(new URL('../../examples/grafana/', import.meta.url));

const read = (file: string) => readFileSync(FOLDER + file, 'utf8');
const alerts = read('alerts.yml');
const dashboard = JSON.parse(read('dashboard.json')) as Dashboard;

interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: { type: string; uid: string };
  targets?: { refId: string; expr: string; legendFormat: string }[];
}

interface Dashboard {
  title: string;
  uid: string;
  schemaVersion: number;
  panels: Panel[];
  templating: { list: { name: string; type: string }[] };
}

const charts = dashboard.panels.filter(({ type }) => type !== 'row');
const expressions = charts.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** Everything in a text that has the name of a metric. */
function metricsIn(text: string): string[] {
  return [...text.matchAll(/\b(?:jobgate|nodejs|process)_[a-z0-9_]+\b/g)].map(([name]) => name);
}

/** Labels that are selected by or grouped by. */
function labelsIn(text: string): string[] {
  const selected = [...text.matchAll(/([a-z_]+)(?:=~|!=|=)"/g)].map(([, label = '']) => label);
  const lists = text.matchAll(/\b(?:by|without|on) \(([^)]*)\)/g);
  const grouped = [...lists].flatMap(([, list = '']) => list.split(/,\s*/));
  return [...selected, ...grouped];
}

let answer: string;

beforeAll(async () => {
  const gateway = await startTestGateway();
  try {
    await finishJob(gateway);
    const { keys, request } = gateway;
    answer = (await request('GET', '/metrics', { key: keys.admin })).text;
  } finally {
    await gateway.close();
  }
});

/** Names of the samples and, for what has no sample yet, of the families. */
function namesInAnswer(): Set<string> {
  const samples = [...answer.matchAll(/^([a-z0-9_]+)[{ ]/gm)].map(([, name = '']) => name);
  const families = [...answer.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
  return new Set([...samples, ...families]);
}

describe.each([
  ['alerts.yml', alerts, 10],
  ['dashboard.json', expressions.join('\n'), 18],
])('%s', (_file, text, atLeast) => {
  it('names metrics that a gateway has', () => {
    const named = new Set(metricsIn(text).filter((name) => !name.endsWith('_')));
    expect(named.size).toBeGreaterThanOrEqual(atLeast);
    const known = namesInAnswer();
    expect([...named].filter((name) => !known.has(name))).toEqual([]);
  });

  it('names labels that they have', () => {
    const known = new Set([...answer.matchAll(/[{,]([a-z_]+)="/g)].map(([, label]) => label));
    const added = ['instance', 'job', 'le'];
    const unknown = labelsIn(text).filter((label) => !known.has(label) && !added.includes(label));
    expect(unknown).toEqual([]);
  });
});

describe('dashboard.json', () => {
  it('has what Grafana needs to import it', () => {
    expect(dashboard).toMatchObject({ title: 'Jobgate', uid: 'jobgate', schemaVersion: 39 });
    const variables = dashboard.templating.list.map(({ name, type }) => `${name} ${type}`);
    expect(variables).toEqual(['datasource datasource', 'instance query']);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    for (const { datasource, targets } of charts) {
      expect(datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
      expect(targets?.length).toBeGreaterThan(0);
    }
  });

  it('lets no panel lie over another or stick out', () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      expect(x + w).toBeLessThanOrEqual(24);
      return Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`);
    });
    expect(new Set(cells).size).toBe(cells.length);
  });

  it('has expressions whose brackets close', () => {
    for (const expr of expressions) {
      const open = (bracket: string) => expr.split(bracket).length;
      expect([open('('), open('{'), open('[')]).toEqual([open(')'), open('}'), open(']')]);
    }
  });
});

/** The rules as they are, and the dashboard's expressions as rules: all that Prometheus must parse. */
function recorded(): string {
  const rules = expressions.map((expr, n) => {
    const plain = expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*');
    return { record: `panel:${n}`, expr: plain };
  });
  // JSON is YAML, too.
  return JSON.stringify({ groups: [{ name: 'panels', rules }] });
}

function promtool(args: string[], input?: string): string {
  const { stdout, stderr, status } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  return status === 0 ? stdout : `${stdout}${stderr}exit ${status}`;
}

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

// Without Debian's package `prometheus`, 96 MB, these are left out.
describe.runIf(hasPromtool)('promtool', () => {
  it('finds nothing wrong with the rules and the panels', () => {
    const file = join(temporaryFolder(), 'panels.yml');
    writeFileSync(file, recorded());
    expect(promtool(['check', 'rules', `${FOLDER}alerts.yml`])).toContain('SUCCESS: 13 rules');
    expect(promtool(['check', 'rules', file])).toContain(`SUCCESS: ${expressions.length} rules`);
  });

  it('finds nothing wrong with the scrape job, nor with what is scraped of ours', () => {
    const config = `${FOLDER}prometheus.yml`;
    expect(promtool(['check', 'config', '--syntax-only', config])).toContain('SUCCESS');
    const ours = answer.slice(0, answer.indexOf('# HELP process_'));
    expect(promtool(['check', 'metrics'], ours)).toBe('');
  });
});
