// The payload, checked as it is typed: a mistake is told with its place, and can be gone to.
import { useRef } from 'preact/hooks';
import { useText } from '../../i18n/words.ts';
import { useStore } from '../../store.ts';
import { draft, type ReadPayload } from './draft.ts';
import { Field } from './field.tsx';
import type { JsonFault } from './json-fault.ts';

interface PayloadFieldProps {
  read: ReadPayload;
  /** What the gateway said of it. */
  fault: string | undefined;
  onEdit(): void;
  /** Ctrl + Enter: Enter alone begins a line. */
  onSubmit(event: Event): void;
}

export function PayloadField({ read, fault, onEdit, onSubmit }: PayloadFieldProps) {
  const t = useText('try_it');
  const { payload } = useStore(draft);
  const area = useRef<HTMLTextAreaElement>(null);
  const own = 'fault' in read && (
    <Mistake fault={read.fault} onGo={(at) => goTo(area.current, at)} />
  );
  return (
    <Field label={t('payload')} hint={t('payload_hint')} fault={own || fault}>
      {(control) => (
        <textarea
          {...control}
          ref={area}
          class="input mono payload"
          name="payload"
          rows={8}
          autocomplete="off"
          spellcheck={false}
          value={payload}
          onInput={({ currentTarget }) => {
            draft.set({ ...draft.get(), payload: currentTarget.value });
            onEdit();
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) onSubmit(event);
          }}
        />
      )}
    </Field>
  );
}

function goTo(area: HTMLTextAreaElement | null, at: number): void {
  area?.focus();
  area?.setSelectionRange(at, at + 1);
}

interface MistakeProps {
  fault: JsonFault | 'not_object';
  onGo(at: number): void;
}

function Mistake({ fault, onGo }: MistakeProps) {
  const t = useText('try_it');
  if (fault === 'not_object') return <>{t('json_object')}</>;
  const { at, line, column, found } = fault;
  const place = { line, column };
  return (
    <>
      {found === ''
        ? t('json_unfinished', place)
        : t('json_unexpected', { ...place, found: nameOf(found, t('json_line_end')) })}{' '}
      <button type="button" class="link-button" onClick={() => onGo(at)}>
        {t('to_mistake')}
      </button>
    </>
  );
}

/** One that cannot be seen by its number. */
function nameOf(character: string, lineEnd: string): string {
  if (character === '\n') return lineEnd;
  if (!/[\p{C}\p{Z}]/u.test(character)) return `“${character}”`;
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
