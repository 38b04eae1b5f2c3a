// What is said in place of content: nothing there yet, not readable, away, or still on its way.
import type { ComponentChildren } from 'preact';
import { useText } from '../i18n/words.ts';
import { statusOf } from '../session.ts';
import { Icon, type IconName } from './icon.tsx';

interface NoticeProps {
  icon?: IconName;
  title: string;
  children?: ComponentChildren;
}

/** A state that is no failure, such as an empty list; says what to do. */
export function Notice({ icon = 'jobs', title, children }: NoticeProps) {
  return (
    <div class="notice">
      <Icon name={icon} />
      <p class="notice-title">{title}</p>
      {children}
    </div>
  );
}

/** A query that failed. */
export function Failure({ error, onRetry }: { error: Error; onRetry?: () => void }) {
  const t = useText('shell');
  const isAway = statusOf(error) === undefined;
  return (
    <div class="notice" role="alert">
      <Icon name="warning" />
      <p class="notice-title">{t(isAway ? 'unreachable_title' : 'failed_title')}</p>
      <p>{isAway ? t('unreachable_hint') : t('failed_hint', { message: error.message })}</p>
      {onRetry && (
        <button type="button" class="button" onClick={onRetry}>
          {t('retry')}
        </button>
      )}
    </div>
  );
}

/** As high as what will come, so that nothing jumps. */
export function Skeleton({ lines }: { lines: number }) {
  const t = useText('shell');
  return (
    <div class="skeleton" role="status" aria-label={t('loading')}>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} class="skeleton-line" />
      ))}
    </div>
  );
}
