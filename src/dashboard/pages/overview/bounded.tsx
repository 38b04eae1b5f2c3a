// Long lists in part: the first entries, and a button for the others.
import { useState } from 'preact/hooks';
import { useText } from '../../i18n/words.ts';

/** The entries to show, and the button; null when there are no more. */
export function useBounded<Entry>(entries: readonly Entry[], most: number) {
  const t = useText('overview');
  const [isWhole, setWhole] = useState(false);
  const count = entries.length - most;
  if (isWhole || count <= 0) return { shown: entries, more: null };
  const more = (
    <button type="button" class="link-button overview-more" onClick={() => setWhole(true)}>
      {t('more', { count })}
    </button>
  );
  return { shown: entries.slice(0, most), more };
}
