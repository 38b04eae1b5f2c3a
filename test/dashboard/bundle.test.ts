// The page as it is built: small, and with nothing inline that its policy would have to allow.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

const BUILT = fileURLToPath(new URL('../../dist/dashboard', import.meta.url));

const read = (file: string) => readFileSync(join(BUILT, file), 'utf8');

describe('the build', () => {
  it('is below 80 kB of JavaScript, gzipped, with its charts', () => {
    const scripts = globSync('assets/*.js', { cwd: BUILT });
    // uPlot: the overview loads it once the rest is there.
    expect(scripts.filter((script) => /uplot/i.test(script))).toHaveLength(1);
    const sizes = scripts.map((script) => gzipSync(read(script)).length);
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(80_000);
  });

  it('has no script, style or handler inline', () => {
    const page = read('index.html');
    const scripts = [...page.matchAll(/<script[^>]*>([^]*?)<\/script>/g)];
    expect(scripts.map(([, inline]) => inline)).toEqual(['']);
    expect(page).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:/i);
  });

  it('names no other server', () => {
    const pages = [read('index.html'), ...globSync('assets/*.css', { cwd: BUILT }).map(read)];
    for (const text of pages) expect(text).not.toMatch(/https?:|url\(["']?\/\//);
  });
});
