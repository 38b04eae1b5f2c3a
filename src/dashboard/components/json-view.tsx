// JSON as a tree that opens and closes, and never draws more than a screen can take.
import { useMemo, useState } from 'preact/hooks';
import { formatNumber, useText } from '../i18n/words.ts';
import { CopyButton } from './copy-button.tsx';
import { DownloadButton } from './download-button.tsx';

/** Drawn of one list or object before it is asked for more, and with each asking. */
const MAX_ENTRIES = 100;
const MORE_ENTRIES = 500;

/** Drawn of one text before it is asked for more, and at all: more would hold up the page. */
const MAX_CHARACTERS = 2000;
const MOST_CHARACTERS = 100_000;

/** What is drawn of the nested ones that begin open, all together, in characters; the others begin closed. */
const MAX_OPEN = 100_000;

/** What a line takes, whatever is in it. */
const LINE_CHARACTERS = 50;

/** Longer ones are copied without line breaks: indented, nested lists grow a thousandfold. */
const MAX_INDENTED = 100_000;

interface JsonViewProps {
  value: unknown;
  /** Names it, as "Payload". */
  what: string;
  /** Given, it can be downloaded as this. */
  fileName?: string;
}

export function JsonView({ value, what, fileName }: JsonViewProps) {
  const text = () => textOf(value);
  const opened = useMemo(() => openedIn(value), [value]);
  return (
    <div class="json" role="group" aria-label={what}>
      <div class="json-tools">
        <CopyButton text={text} what={what} />
        {fileName && <DownloadButton text={text} what={what} fileName={fileName} />}
      </div>
      <div class="json-body" tabIndex={0} role="region" aria-label={what}>
        <Node value={value} opened={opened} />
      </div>
    </div>
  );
}

function textOf(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > MAX_INDENTED ? text : JSON.stringify(value, null, 2);
}

/** The outermost, and the first of those in it as long as they are not too much. */
function openedIn(value: unknown): Set<unknown> {
  const opened = new Set([value]);
  let left = MAX_OPEN;
  for (const [, child] of isNested(value) ? firstEntries(value, MAX_ENTRIES) : []) {
    if (!isNested(child)) continue;
    left -= charactersIn(child);
    if (left < 0) break;
    opened.add(child);
  }
  return opened;
}

/** As they are drawn when it is opened. */
function charactersIn(value: object): number {
  const entries = firstEntries(value, MAX_ENTRIES);
  const lines = entries.map(([key, child]) => shownOf(key) + shownOf(child) + LINE_CHARACTERS);
  return lines.reduce((sum, line) => sum + line, 0);
}

function shownOf(value: unknown): number {
  return typeof value === 'string' ? Math.min(value.length, MAX_CHARACTERS) : 0;
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

interface NodeProps {
  name?: string;
  value: unknown;
  /** Those that begin open. */
  opened: ReadonlySet<unknown>;
}

function Node({ name, value, opened }: NodeProps) {
  if (!isNested(value)) {
    return (
      <div class="json-line">
        <Name name={name} />
        <Leaf value={value} />
      </div>
    );
  }
  return <Branch name={name} value={value} opened={opened} />;
}

function Name({ name }: { name?: string | undefined }) {
  if (name === undefined) return null;
  return <span class="json-name">{shorten(name)}: </span>;
}

function shorten(text: string): string {
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
}

function Leaf({ value }: { value: unknown }) {
  const type = value === null ? 'null' : typeof value;
  return (
    <span class="json-leaf" data-type={type}>
      {typeof value === 'string' ? <LongText text={value} /> : JSON.stringify(value)}
    </span>
  );
}

function LongText({ text }: { text: string }) {
  const t = useText('shell');
  const [isWhole, setWhole] = useState(false);
  if (text.length <= MAX_CHARACTERS) return <>{JSON.stringify(text)}</>;
  const shown = text.slice(0, isWhole ? MOST_CHARACTERS : MAX_CHARACTERS);
  const isCut = text.length > MOST_CHARACTERS;
  return (
    <>
      {JSON.stringify(shown)}
      {shown.length < text.length && '…'}{' '}
      <button type="button" class="link-button" onClick={() => setWhole(!isWhole)}>
        {isWhole && t('show_less')}
        {!isWhole && !isCut && t('show_all', { size: text.length })}
        {!isWhole && isCut && t('show_more', { size: MOST_CHARACTERS - MAX_CHARACTERS })}
      </button>
      {isCut && <span class="json-size">{t('too_long', { size: text.length })}</span>}
    </>
  );
}

function Branch({ name, value, opened }: NodeProps & { value: object }) {
  const t = useText('shell');
  const [isOpen, setOpen] = useState(opened.has(value));
  const [shown, setShown] = useState(MAX_ENTRIES);
  const size = useMemo(() => sizeOf(value), [value]);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  const more = Math.min(size - shown, MORE_ENTRIES);
  return (
    <details open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary class="json-line">
        <Name name={name} />
        <span class="json-bracket">{isOpen ? open : `${open}…${close}`}</span>
        <span class="json-size">{formatNumber(size)}</span>
      </summary>
      {isOpen && (
        <div class="json-children">
          <Entries value={value} opened={opened} shown={shown} />
          {more > 0 && (
            <button
              type="button"
              class="link-button"
              onClick={() => setShown(shown + MORE_ENTRIES)}
            >
              {t('show_more', { size: more })}
            </button>
          )}
        </div>
      )}
      {isOpen && <span class="json-bracket">{close}</span>}
    </details>
  );
}

interface EntriesProps extends Pick<NodeProps, 'opened'> {
  value: object;
  shown: number;
}

function Entries({ value, opened, shown }: EntriesProps) {
  const entries = useMemo(() => firstEntries(value, shown), [value, shown]);
  return (
    <>
      {entries.map(([key, child]) => (
        <Node key={key} name={key} value={child} opened={opened} />
      ))}
    </>
  );
}

function sizeOf(value: object): number {
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}

/** Of a list or object that may have a million. */
function firstEntries(value: object, count: number): [string, unknown][] {
  if (Array.isArray(value)) {
    return value.slice(0, count).map((child, index) => [String(index), child]);
  }
  const keys = Object.keys(value).slice(0, count);
  return keys.map((key) => [key, (value as Record<string, unknown>)[key]]);
}
