// The webhooks that told of the job's ends: what became of each, attempt by attempt.
import { useMutation, useQuery } from '@tanstack/preact-query';
import { DeedButton } from '../../components/deed-button.tsx';
import { useFault } from '../../components/fault.ts';
import { Icon } from '../../components/icon.tsx';
import { LongText } from '../../components/long-text.tsx';
import { Failure, Skeleton } from '../../components/notice.tsx';
import { duration, relativeTime, Time, useNow } from '../../components/time.tsx';
import type { Outputs } from '../../gateway.ts';
import { useText } from '../../i18n/words.ts';
import { queries } from '../../queries.ts';
import { useMay, useSession } from '../../session.ts';

type Delivery = Outputs['webhook']['deliveries']['deliveries'][number];

/** What is told of jobs is not told of their webhooks: while one is on its way, it is asked for. */
const SOON_MS = 1000;
const LATER_MS = 10_000;

export function Deliveries({ jobId }: { jobId: string }) {
  const t = useText('job');
  const { gateway } = useSession();
  const { data, error, refetch } = useQuery({
    queryKey: ['deliveries', jobId],
    queryFn: () => gateway.webhook.deliveries.query({ job_id: jobId }),
    refetchInterval: ({ state }) => pauseFor(state.data?.deliveries ?? []),
  });
  return (
    <section>
      <h2>{t('webhooks')}</h2>
      {!data && error && <Failure error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton lines={1} />}
      {data?.deliveries.length === 0 && <p class="quiet small">{t('webhooks_none')}</p>}
      {data?.deliveries.map((delivery) => (
        <DeliveryCard key={delivery.delivery_id} delivery={delivery} />
      ))}
    </section>
  );
}

function pauseFor(deliveries: readonly Delivery[]): number | false {
  const times = deliveries.flatMap(({ next_attempt_at: at }) => (at === null ? [] : [at]));
  if (times.length === 0) return false;
  return Math.min(...times) - Date.now() < LATER_MS ? SOON_MS : LATER_MS;
}

const STATES = {
  pending: ['queued', 'pending'],
  delivered: ['done', 'delivered'],
  failed: ['failed', 'undelivered'],
} as const;

function DeliveryCard({ delivery }: { delivery: Delivery }) {
  const t = useText('job');
  const { state, reason, job_status, url, attempts, next_attempt_at: next } = delivery;
  const [look, word] = STATES[state];
  return (
    <article class="card delivery" aria-label={`${t('delivery')} ${delivery.delivery_id}`}>
      <div class="delivery-head">
        <span class="state" data-state={look}>
          <span class="state-dot" aria-hidden="true" />
          {t(word)}
        </span>
        <span class="quiet small">{t(`end_${job_status}`)}</span>
        <Redeliver delivery={delivery} />
      </div>
      <p class="mono delivery-url">{url}</p>
      {reason && <p class="small fault">{t(`reason_${reason}`)}</p>}
      {next !== null && <NextAttempt at={next} />}
      {attempts.length > 0 && <Attempts attempts={attempts} />}
    </article>
  );
}

function NextAttempt({ at }: { at: number }) {
  const t = useText('job');
  const now = useNow();
  const time = relativeTime(Math.max(at, now), now);
  return <p class="quiet small">{t('next_attempt', { time })}</p>;
}

function Attempts({ attempts }: Pick<Delivery, 'attempts'>) {
  const t = useText('job');
  return (
    <ol class="delivery-attempts" aria-label={t('attempts')}>
      {attempts.map(({ attempt, at, status, error, duration_ms, excerpt }) => (
        <li key={attempt}>
          <p>
            <span class="delivery-number">{attempt}</span>{' '}
            <strong>{status ?? t('no_answer')}</strong>{' '}
            <span class="quiet">
              <Time at={at} />, {duration(duration_ms)}
            </span>
          </p>
          {error !== null && <LongText text={error} class="fault" />}
          {excerpt && <LongText text={excerpt} class="mono quiet" />}
        </li>
      ))}
    </ol>
  );
}

function Redeliver({ delivery: { delivery_id, job_id } }: { delivery: Delivery }) {
  const t = useText('job');
  const { gateway } = useSession();
  const maySubmit = useMay('submit');
  const deed = useMutation({
    mutationFn: () => gateway.webhook.redeliver.mutate({ delivery_id }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['deliveries', job_id] }),
  });
  const fault = useFault()(deed.error);
  if (!maySubmit) return null;
  return (
    <span class="delivery-redeliver">
      {fault && (
        <span class="fault small" role="alert">
          {fault}
        </span>
      )}
      <DeedButton class="button button-small" isBusy={deed.isPending} onClick={() => deed.mutate()}>
        <Icon name="refresh" />
        {t('redeliver')}
      </DeedButton>
    </span>
  );
}
