// The form of a new job. What the gateway says of a field stands beside it; the form keeps what was typed.
import { useMutation } from '@tanstack/preact-query';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useText } from '../../i18n/words.ts';
import { queries } from '../../queries.ts';
import { useStats, useWorkers } from '../../readings.ts';
import { useSession } from '../../session.ts';
import {
  accepted,
  clearDraft,
  draft,
  OPTIONAL_FIELDS,
  toNewJob,
  type FieldName,
  type NewJob,
  type OptionalField,
  type ReadPayload,
} from './draft.ts';
import { TextField } from './field.tsx';
import { PayloadField } from './payload-field.tsx';
import { faultsOf, type Faults } from './refusal.ts';

const FIELDS: FieldName[] = ['endpoint', 'payload', ...OPTIONAL_FIELDS];

const MODES: Partial<Record<OptionalField, 'numeric' | 'decimal' | 'url'>> = {
  priority: 'numeric',
  delay_seconds: 'decimal',
  max_attempts: 'numeric',
  webhook_url: 'url',
};

const ENDPOINT_LIST = 'known-endpoints';

export function JobForm({ payload }: { payload: ReadPayload }) {
  const t = useText('try_it');
  const form = useRef<HTMLFormElement>(null);
  const { faults, refuse, forget, clear } = useFaults(form);
  const submit = useSubmit(refuse, clear);
  const onSubmit = (event: Event) => {
    event.preventDefault();
    if (submit.isPending) return;
    const typed = draft.get();
    if (typed.endpoint.trim() === '') refuse({ endpoint: t('endpoint_missing') });
    // It says so itself.
    else if ('fault' in payload) refuse({});
    else submit.mutate(toNewJob(typed, payload.value));
  };
  return (
    <form ref={form} class="card job-form" aria-label={t('form')} noValidate onSubmit={onSubmit}>
      <TextField
        name="endpoint"
        label={t('endpoint')}
        hint={t('endpoint_hint')}
        fault={faults.endpoint}
        list={ENDPOINT_LIST}
        mono
        onEdit={forget}
      />
      <KnownEndpoints />
      <PayloadField
        read={payload}
        fault={faults.payload}
        onEdit={() => forget('payload')}
        onSubmit={onSubmit}
      />
      <Optional faults={faults} onEdit={forget} />
      <p class="fault" role="alert">
        {faults.form}
      </p>
      <div class="job-form-foot">
        {/* Not `disabled`: it would lose the focus. */}
        <button
          type="submit"
          class="button button-primary"
          aria-disabled={submit.isPending || undefined}
        >
          {t('submit')}
        </button>
        <span class="quiet small job-form-shortcut">{t('shortcut')}</span>
        <button
          type="button"
          class="button button-small"
          onClick={() => {
            clearDraft();
            clear();
          }}
        >
          {t('clear')}
        </button>
      </div>
    </form>
  );
}

/** What is wrong; the first field that has a fault gets the focus when it is told. */
function useFaults(form: { current: HTMLFormElement | null }) {
  const [faults, setFaults] = useState<Faults>({});
  const [told, setTold] = useState(0);
  useLayoutEffect(() => {
    const field = told > 0 && form.current?.querySelector<HTMLElement>('[aria-invalid]');
    if (!field) return;
    const folded = field.closest('details');
    if (folded) folded.open = true;
    field.focus();
  }, [told]);
  return {
    faults,
    refuse: (found: Faults) => {
      setFaults(found);
      setTold((count) => count + 1);
    },
    /** The field is being mended. */
    forget: (name: FieldName) => setFaults({ ...faults, [name]: undefined, form: undefined }),
    clear: () => setFaults({}),
  };
}

function useSubmit(refuse: (faults: Faults) => void, clear: () => void) {
  const t = useText('try_it');
  const { gateway } = useSession();
  return useMutation({
    mutationFn: (job: NewJob) => gateway.job.submit.mutate(job),
    onSuccess: (answer) => {
      clear();
      accepted.set(answer);
      // An earlier one, when the idempotency key was known.
      void queries.invalidateQueries({ queryKey: ['job', answer.job_id] });
    },
    onError: (error) => refuse(faultsOf(error, FIELDS, t)),
  });
}

function KnownEndpoints() {
  const { data: stats } = useStats();
  const { data: workers } = useWorkers();
  const known = new Set([
    ...Object.keys(stats?.by_endpoint ?? {}),
    ...(workers?.workers.flatMap(({ endpoints }) => endpoints) ?? []),
  ]);
  return (
    <datalist id={ENDPOINT_LIST}>
      {[...known].sort().map((endpoint) => (
        <option key={endpoint} value={endpoint} />
      ))}
    </datalist>
  );
}

interface OptionalProps {
  faults: Faults;
  onEdit(name: FieldName): void;
}

function Optional({ faults, onEdit }: OptionalProps) {
  const t = useText('try_it');
  const [isFilled] = useState(() => OPTIONAL_FIELDS.some((name) => draft.get()[name] !== ''));
  return (
    <details open={isFilled}>
      <summary class="label">{t('more')}</summary>
      <div class="job-form-more">
        {OPTIONAL_FIELDS.map((name) => (
          <TextField
            key={name}
            name={name}
            label={t(name)}
            hint={t(`${name}_hint`)}
            fault={faults[name]}
            {...(MODES[name] && { mode: MODES[name] })}
            onEdit={onEdit}
          />
        ))}
      </div>
    </details>
  );
}
