// A job's state: a dot and a word, so that nobody has to tell colours apart.
import type { JobStatus } from '../gateway.ts';
import { useText } from '../i18n/words.ts';

export function StateBadge({ state }: { state: JobStatus }) {
  const t = useText('shell');
  return (
    <span class="state" data-state={state}>
      <span class="state-dot" aria-hidden="true" />
      {t(state)}
    </span>
  );
}
