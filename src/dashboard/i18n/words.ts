// The page's two languages: how texts are loaded, found, and filled with what they speak of.
import { keptIn } from '../kept.ts';
import { createStore, useStore } from '../store.ts';
import type english from './en.json';
import en from './en.json?url';
import type spanish from './es.json';
import es from './es.json?url';

export const LANGUAGES = { en: 'English', es: 'Español' } as const;

export type Language = keyof typeof LANGUAGES;

/** A part of the page that has texts of its own. */
type Area = keyof typeof english;

/** A key that Spanish lacks does not compile where it is used. */
type Key<A extends Area> = keyof (typeof english)[A] & keyof (typeof spanish)[A];

type Texts = { [A in Area]: Record<Key<A>, string> };

/** Where each is; a reader loads the language that is wanted, not both. */
const ADDRESSES: Record<Language, string> = { en, es };

/** The choice of a person, not of a tab. */
const chosenBefore = keptIn('localStorage', 'jobgate.language');

/** Until the texts are there it is undefined, and nothing can be said. */
const spoken = createStore<{ language: Language; texts: Texts } | undefined>(undefined);

/** Speaks the language chosen before, or the browser's. */
export const speak = (): Promise<void> => load(firstLanguage());

/** Rejects, and changes nothing, when its texts cannot be loaded. */
export async function chooseLanguage(chosen: Language): Promise<void> {
  await load(chosen);
  chosenBefore.set(chosen);
}

function firstLanguage(): Language {
  const stored = chosenBefore.get();
  if (stored === 'en' || stored === 'es') return stored;
  const wanted = navigator.languages.find((tag) => /^(en|es)\b/i.test(tag));
  return wanted?.toLowerCase().startsWith('es') ? 'es' : 'en';
}

async function load(language: Language): Promise<void> {
  const answer = await fetch(ADDRESSES[language]);
  if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}`);
  spoken.set({ language, texts: (await answer.json()) as Texts });
  document.documentElement.lang = language;
}

export type Text<A extends Area> = (
  key: Key<A>,
  values?: Record<string, string | number>,
) => string;

/** Finds texts in the language chosen, as `const t = useText('job')`. `{name}` is filled in. */
export function useText<A extends Area>(area: A): Text<A> {
  const texts = useStore(spoken)!.texts[area];
  return (key, values = {}) =>
    texts[key].replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name];
      if (value === undefined) return whole;
      return typeof value === 'number' ? formatNumber(value) : value;
    });
}

export const useLanguage = (): Language => useStore(spoken)!.language;

/** For dates and numbers outside of components. */
export const currentLanguage = (): Language => spoken.get()?.language ?? 'en';

/** The text for one or for several, as `t(countOf('cancelled', n), { n })`. */
export function countOf<K extends string>(key: K, n: number): `${K}_${'one' | 'many'}` {
  return `${key}_${n === 1 ? 'one' : 'many'}`;
}

export function formatNumber(value: number): string {
  return value.toLocaleString(currentLanguage());
}
