// The queue: what may be claimed, what waits for its time, how old it is, and its limit.
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { duration, exactTime, useNow } from '../../components/time.tsx';
import { formatNumber, useText } from '../../i18n/words.ts';
import type { Stats } from '../../readings.ts';

/** One tenant that takes this part of the limit is a danger to all. */
const NEARLY_FULL = 0.9;

export function QueueFacts({ stats }: { stats: Stats }) {
  const t = useText('overview');
  const titleId = useId();
  return (
    <section class="card" aria-labelledby={titleId}>
      <h2 id={titleId} class="visually-hidden">
        {t('queue')}
      </h2>
      <dl class="queue-facts">
        <Fact name={t('ready')}>{formatNumber(stats.queue_length)}</Fact>
        <Fact name={t('delayed')}>{formatNumber(stats.delayed)}</Fact>
        <Fact name={t('oldest')}>
          <Age since={stats.oldest_queued_at} />
        </Fact>
        <Fact name={t('limit')}>
          <Limit queued={stats.by_status.queued} limit={stats.queue_limit} />
        </Fact>
      </dl>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div class="queue-fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Goes on by itself. */
function Age({ since }: { since: number | null }) {
  const t = useText('shell');
  const now = useNow();
  if (since === null) return <span class="quiet">{t('none')}</span>;
  return (
    <time dateTime={new Date(since).toISOString()} title={exactTime(since)}>
      {duration(now - since)}
    </time>
  );
}

/** `queued`: of this tenant. What the others take of the limit is not told. */
function Limit({ queued, limit }: { queued: number; limit: number | null }) {
  const t = useText('overview');
  if (limit === null) return <span class="quiet">{t('no_limit')}</span>;
  return (
    <span class="queue-limit" data-level={queued >= limit * NEARLY_FULL ? 'high' : undefined}>
      {formatNumber(limit)}
      <span class="queue-limit-hint">{t('limit_hint', { queued })}</span>
    </span>
  );
}
