// The README: its tables say what the program says. Its blocks run in docs.test.ts.
import { describe, expect, it } from 'vitest';
import {
  IMPORT_EXIT_CODES,
  JOB_EXIT_CODES,
  LISTEN_EXIT_CODES,
  STORE_EXIT_CODES,
} from '../src/cli/exit-codes.ts';
import { readConfig, VARIABLES } from '../src/config.ts';
import { HTTP_STATUS } from '../src/contract/errors.ts';
import { JOB_STATUSES } from '../src/contract/job.ts';
import { appRouter } from '../src/procedures/router.ts';
import type { Meta } from '../src/procedures/trpc.ts';
import { Document } from './document.ts';

const README = new Document('README.md');

describe('the tables', () => {
  const lines = README.text.replaceAll(/ +/g, ' ').split('\n');
  const rows = lines.filter((line) => line.startsWith('| '));
  const rowOf = (name: string) => rows.find((row) => row.startsWith(`| ${name} `)) ?? `no ${name}`;

  it.each(Object.keys(VARIABLES.shape))('of variables has %s with its default', (name) => {
    const field = name
      .toLowerCase()
      .replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    const defaults: Record<string, string | number | boolean | readonly string[] | undefined> = {
      ...readConfig({}),
      databaseUrl: 'file:./data/jobgate.db',
      dashboard: 'on',
      backupEvery: '24h',
    };
    const fallback = (defaults[field] ?? '').toString();
    expect(rowOf(`\`${name}\``)).toContain(fallback === '' ? '| |' : `| \`${fallback}\` |`);
  });

  it.each(Object.entries(appRouter._def.procedures))(
    'of the API has %s with its scope',
    (_, made) => {
      const { openapi, scope } = (made as unknown as { _def: { meta: Meta } })._def.meta;
      const path = openapi?.path.replace('/v1/toolkit/', '') ?? '';
      const row = rows.find((each) => each.split('|')[1]?.match(`[\`/ ]${path}\``)) ?? `no ${path}`;
      expect(row.split('|')[2]).toBe(` ${scope} `);
    },
  );

  it.each(JOB_STATUSES)('of states has %s', (status) => {
    expect(rowOf(`\`${status}\``)).toMatch(/\| .+ \|/);
  });

  it.each([...new Set(Object.values(HTTP_STATUS))])('of errors has %i', (status) => {
    expect(rows.some((row) => (row.split('|')[1] ?? '').includes(String(status)))).toBe(true);
  });

  it.each(
    Object.entries({
      ...STORE_EXIT_CODES,
      ...LISTEN_EXIT_CODES,
      ...JOB_EXIT_CODES,
      ...IMPORT_EXIT_CODES,
    }),
  )('of exit codes has %s', (_, code) => {
    expect(rowOf(String(code))).toMatch(/\| .+ \|/);
  });
});
