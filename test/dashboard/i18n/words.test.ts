// The texts: each page is in one language, whichever was chosen.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import english from '../../../src/dashboard/i18n/en.json' with { type: 'json' };
import spanish from '../../../src/dashboard/i18n/es.json' with { type: 'json' };
import { pathsOf, startBusyGateway, type BusyGateway } from '../busy-gateway.ts';
import { describeDashboard, expectShown, go, openDashboard } from '../dashboard-harness.ts';

let busy: BusyGateway;

beforeAll(async () => {
  busy = await startBusyGateway();
}, 60_000);

afterAll(() => busy.close());

describeDashboard('the texts', () => {
  it('are all Spanish once Spanish is chosen, and keeps to it', async () => {
    const pieces = englishPieces();
    const { page, signIn } = await openDashboard({ gateway: busy, key: null });
    await page.getByLabel('Language').selectOption('Español');
    await expectShown(page.getByRole('heading', { name: 'Entrar en Jobgate' }));
    expect(leftIn(pieces, await visibleTexts(page))).toEqual([]);
    await signIn('falsa');
    await expectShown(page.getByRole('alert').filter({ hasText: 'Esta clave no existe' }));
    expect(leftIn(pieces, await visibleTexts(page))).toEqual([]);
    await signIn(busy.keys.admin);
    for (const path of [...pathsOf(busy), '/nowhere']) {
      await go(page, path);
      const left = leftIn([...pieces, ENGLISH_NUMBER], await visibleTexts(page));
      expect({ path, left }).toEqual({ path, left: [] });
    }
    await go(page, '/keys');
    for (const name of ['Nueva clave', 'Rotar n8n', 'Revocar n8n']) {
      await page.getByRole('button', { name, exact: true }).click();
      expect(leftIn(pieces, await visibleTexts(page))).toEqual([]);
      await page.keyboard.press('Escape');
    }
    await page.reload();
    await expectShown(page.getByRole('heading', { level: 1, name: 'Claves' }));
    await page.getByLabel('Idioma').selectOption('English');
    await expectShown(page.getByRole('heading', { level: 1, name: 'Keys' }));
  });
});

describe('the texts of both languages', () => {
  it('are the same ones, filled with the same values', () => {
    const filled = (areas: Areas) =>
      Object.entries(areas).flatMap(([area, texts]) =>
        Object.entries(texts).map(([key, text]) => [area, key, ...valuesOf(text)].join(' ')),
      );
    expect(filled(spanish)).toEqual(filled(english));
  });
});

it('speaks of a worker in Spanish by one word', () => {
  const said = textsOf(spanish).map((text) => text.replaceAll(/\{\w+\}/g, ''));
  expect(said.filter((text) => /\bworkers?\b/i.test(text))).toEqual([]);
});

type Areas = Record<string, Record<string, string>>;

const valuesOf = (text: string) => (text.match(/\{\w+\}/g) ?? []).toSorted();

const textsOf = (areas: Areas) => Object.values(areas).flatMap((texts) => Object.values(texts));

/** Every text that is another in Spanish, in the pieces between its values. */
function englishPieces(): RegExp[] {
  const inSpanish = textsOf(spanish);
  const whole = textsOf(english).filter((text, index) => text !== inSpanish[index]);
  const pieces = whole.flatMap((text) => text.split(/\{\w+\}/)).map((piece) => piece.trim());
  return [...new Set(pieces)]
    .filter((piece) => /\p{L}{2}/u.test(piece))
    .map((piece) => asWords(piece))
    .filter((piece) => !piece.test(inSpanish.join('\n')));
}

/** The piece where it stands by itself, not within a word or a path. */
function asWords(piece: string): RegExp {
  const escaped = piece.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
  return new RegExp(String.raw`(?<![\p{L}\p{N}/_.-])${escaped}(?![\p{L}\p{N}/_-])`, 'u');
}

/** Such as `3.2` and `1,500`; in Spanish they are `3,2` and `1500` or `1.500`. An address is none. */
const ENGLISH_NUMBER = /(?<![\d.])\d+\.\d{1,2}(?![\d.])|\d,\d{3}(?!\d)/;

/** All that is read or read out: texts, names and hints; without what is data. */
const VISIBLE = `(() => {
  const texts = [document.title];
  for (const element of document.querySelectorAll('body *')) {
    if (!element.checkVisibility() || element.closest('.json, pre, code, .mono')) continue;
    for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'data-label']) {
      if (element.hasAttribute(name)) texts.push(element.getAttribute(name));
    }
    for (const child of element.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) texts.push(child.data);
    }
  }
  return texts;
})()`;

const visibleTexts = (page: Page) => page.evaluate<string[]>(VISIBLE);

function leftIn(pieces: RegExp[], texts: string[]): string[] {
  return texts.filter((text) => pieces.some((piece) => piece.test(text)));
}
