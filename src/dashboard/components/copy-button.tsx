// A button that copies a text, and says that it did.
import { useEffect, useState } from 'preact/hooks';
import { useText } from '../i18n/words.ts';
import { Icon } from './icon.tsx';

const TOLD_MS = 1500;

const ICONS = { copy: 'copy', copied: 'check', not_copied: 'warning' } as const;

interface CopyButtonProps {
  /** A function where the text is long: it is made when it is asked for. */
  text: string | (() => string);
  /** Named to screen readers, after "Copy". */
  what: string;
}

export function CopyButton({ text, what }: CopyButtonProps) {
  const t = useText('shell');
  const [state, setState] = useState<'copy' | 'copied' | 'not_copied'>('copy');
  useEffect(() => {
    const timer = state === 'copied' ? setTimeout(() => setState('copy'), TOLD_MS) : undefined;
    return () => clearTimeout(timer);
  }, [state]);
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={`${t(state)}: ${what}`}
      title={t(state)}
      onClick={({ currentTarget: button }) =>
        void copy(typeof text === 'string' ? text : text(), button).then((isDone) =>
          setState(isDone ? 'copied' : 'not_copied'),
        )
      }
    >
      <Icon name={ICONS[state]} />
    </button>
  );
}

/** Whether it could. */
async function copy(text: string, button: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByHand(text, button);
  }
}

/** Where the page came over plain HTTP from another machine, browsers have no clipboard for it. */
function copyByHand(text: string, button: HTMLElement): boolean {
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'visually-hidden';
  // Beside an open dialog nothing can be selected.
  (button.closest('dialog') ?? document.body).append(field);
  field.select();
  const isDone = document.execCommand('copy');
  field.remove();
  button.focus();
  if (!isDone) select(button.previousElementSibling, text);
  return isDone;
}

/** What stands beside the button, where that is the text, for the reader to copy. */
function select(shown: Element | null, text: string): void {
  if (shown instanceof HTMLInputElement) shown.select();
  else if (shown?.textContent === text) getSelection()?.selectAllChildren(shown);
}
