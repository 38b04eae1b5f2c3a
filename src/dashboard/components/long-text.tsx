// A text of unknown length, such as an error: its begin, and the whole when it is asked for.
import { useState } from 'preact/hooks';
import { useText } from '../i18n/words.ts';

const MAX_CHARACTERS = 400;

export function LongText({ text, class: name = '' }: { text: string; class?: string }) {
  const t = useText('shell');
  const [isWhole, setWhole] = useState(false);
  const isLong = text.length > MAX_CHARACTERS;
  return (
    <p class={`long-text ${name}`}>
      {isLong && !isWhole ? `${text.slice(0, MAX_CHARACTERS)}… ` : text}
      {isLong && (
        <button type="button" class="link-button" onClick={() => setWhole(!isWhole)}>
          {isWhole ? t('show_less') : t('show_all', { size: text.length })}
        </button>
      )}
    </p>
  );
}
