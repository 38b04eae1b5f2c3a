// How far a job is, as its worker says.
import type { JobSummary } from '../gateway.ts';
import { useText } from '../i18n/words.ts';

export function ProgressBar({ progress }: { progress: NonNullable<JobSummary['progress']> }) {
  const t = useText('shell');
  const { percent, phase } = progress;
  const label = phase ? `${t('progress')}: ${phase}` : t('progress');
  return (
    <span class="progress">
      <progress aria-label={label} max={100} value={percent ?? undefined} />
      <span class="progress-text">
        {percent == null ? '' : `${Math.round(percent)} %`}
        {phase ? ` ${phase}` : ''}
      </span>
    </span>
  );
}
