// Webhooks that did not arrive: of which job, where to, why, and a button to send them again.
import { useMutation } from '@tanstack/preact-query';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { DeedButton } from '../../components/deed-button.tsx';
import { useFault } from '../../components/fault.ts';
import { JobLink } from '../../components/job-link.tsx';
import { Time } from '../../components/time.tsx';
import { useText } from '../../i18n/words.ts';
import { queries } from '../../queries.ts';
import { useMay, useSession } from '../../session.ts';
import type { FailedDelivery } from '../../readings.ts';

export function WebhookFailures({ deliveries }: { deliveries: FailedDelivery[] }) {
  const t = useText('overview');
  const maySend = useMay('submit');
  const [sent, setSent] = useState(0);
  const status = useRef<HTMLParagraphElement>(null);
  useLayoutEffect(() => {
    // The button, which had the focus, goes with its delivery.
    if (sent > 0) status.current?.focus();
  }, [sent]);
  return (
    <>
      {deliveries.length === 0 ? (
        <p class="card overview-none">{t('webhooks_none')}</p>
      ) : (
        <ul class="card overview-list">
          {deliveries.map((delivery) => (
            <li key={delivery.delivery_id} class="overview-entry failed-delivery">
              <Delivery delivery={delivery} />
              {maySend && <Redeliver delivery={delivery} onSent={() => setSent(sent + 1)} />}
            </li>
          ))}
        </ul>
      )}
      {/* With a key: a paragraph in place of the list would else be taken for it. */}
      <p key="told" ref={status} class="quiet small overview-told" role="status" tabIndex={-1}>
        {sent > 0 && t('redelivered')}
      </p>
    </>
  );
}

function Delivery({ delivery }: { delivery: FailedDelivery }) {
  const { job_id: jobId, endpoint, url } = delivery;
  return (
    <>
      <div class="overview-part">
        <JobLink jobId={jobId} />
        <span class="failed-delivery-endpoint quiet small mono">{endpoint}</span>
      </div>
      <div class="overview-part">
        <span class="failed-delivery-url mono" title={url}>
          {url}
        </span>
        <span class="quiet small">
          <Reason delivery={delivery} /> · <Time at={delivery.ended_at ?? delivery.created_at} />
        </span>
      </div>
    </>
  );
}

/** What the receiver said last, or why it said nothing. */
function Reason({ delivery: { reason, attempts } }: { delivery: FailedDelivery }) {
  const t = useText('overview');
  const last = attempts.at(-1);
  const said = last?.error ?? (last?.status == null ? '' : t('answered', { status: last.status }));
  const why = reason === null ? '' : t(reason);
  return <>{[why, said].filter(Boolean).join(': ')}</>;
}

interface RedeliverProps {
  delivery: FailedDelivery;
  onSent(): void;
}

function Redeliver({ delivery, onSent }: RedeliverProps) {
  const t = useText('overview');
  const faultOf = useFault();
  const { gateway } = useSession();
  const { delivery_id, job_id } = delivery;
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => gateway.webhook.redeliver.mutate({ delivery_id }),
    onSuccess: () => {
      onSent();
      void queries.invalidateQueries({ queryKey: ['webhook-failures'] });
      void queries.invalidateQueries({ queryKey: ['deliveries', job_id] });
    },
  });
  return (
    <div class="failed-delivery-action">
      <DeedButton
        class="button button-small"
        aria-label={`${t('redeliver')}: ${job_id}`}
        isBusy={isPending}
        onClick={() => mutate()}
      >
        {t('redeliver')}
      </DeedButton>
      {error && (
        <p class="fault small" role="alert">
          {faultOf(error)}
        </p>
      )}
    </div>
  );
}
