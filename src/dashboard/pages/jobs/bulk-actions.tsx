// What is done to the selected jobs: asked with a count, told by what became of them.
import { useMutation, useQuery } from '@tanstack/preact-query';
import { useState } from 'preact/hooks';
import { ConfirmDialog, Dialog } from '../../components/dialog.tsx';
import { useFault } from '../../components/fault.ts';
import { Skeleton } from '../../components/notice.tsx';
import type { Gateway, Inputs, JobStatus, JobSummary, Outputs } from '../../gateway.ts';
import { countOf, useText, type Text } from '../../i18n/words.ts';
import { useSession } from '../../session.ts';
import { toSelection, type JobFilters } from './filters.ts';
import type { Selection } from './use-selection.ts';

export type Verb = 'cancel' | 'retry';

/** States that a job may be in for it, as the gateway has them. */
const FITTING: Record<Verb, readonly JobStatus[]> = {
  cancel: ['queued', 'running'],
  retry: ['failed', 'cancelled'],
};

type Wanted = Inputs['jobs'][Verb];

interface BulkActionsProps {
  filters: JobFilters;
  jobs: readonly JobSummary[];
  selection: Selection;
  /** What became of them, as a sentence. */
  onDone(outcome: string): void;
}

export function BulkActions({ filters, jobs, selection, onDone }: BulkActionsProps) {
  const t = useText('jobs');
  const [verb, setVerb] = useState<Verb>();
  const selected = jobs.filter(({ job_id }) => selection.has(job_id));
  const fits = (each: Verb) => selected.some(({ job_status }) => isFitting(each, job_status));
  const close = () => setVerb(undefined);
  const finish = (outcome: string) => {
    close();
    selection.clear();
    onDone(outcome);
  };
  return (
    <>
      {(['cancel', 'retry'] as const).map((each) => (
        <button
          key={each}
          type="button"
          class="button button-small"
          disabled={!(selection.isMatching ? mayMatch(each, filters) : fits(each))}
          onClick={() => setVerb(each)}
        >
          {t(each)}
        </button>
      ))}
      {verb && selection.isMatching && (
        <ConfirmMatching verb={verb} filters={filters} onClose={close} onDone={finish} />
      )}
      {verb && !selection.isMatching && (
        <ConfirmSelected verb={verb} selected={selected} onClose={close} onDone={finish} />
      )}
    </>
  );
}

/** Whether the gateway can find by itself what the filters find. */
export function canSelectMatching({ search, from, ...filters }: JobFilters): boolean {
  const isGiven = Object.values(filters).some((value) => value !== undefined);
  return isGiven && search === undefined && from === undefined;
}

function isFitting(verb: Verb, status: JobStatus): boolean {
  return FITTING[verb].includes(status);
}

function mayMatch(verb: Verb, { job_status }: JobFilters): boolean {
  return job_status === undefined || isFitting(verb, job_status);
}

interface ConfirmProps {
  verb: Verb;
  onClose(): void;
  onDone(outcome: string): void;
}

function ConfirmSelected({ selected, ...rest }: ConfirmProps & { selected: JobSummary[] }) {
  const ids = selected.map(({ job_id }) => job_id);
  const fitting = selected.filter(({ job_status }) => isFitting(rest.verb, job_status)).length;
  const unfit = selected.length - fitting;
  return <Confirm {...rest} count={fitting} unfit={unfit} wanted={{ job_ids: ids }} />;
}

/** Counted by the gateway, which knows those that are not shown. */
function ConfirmMatching({ filters, ...rest }: ConfirmProps & { filters: JobFilters }) {
  const t = useText('jobs');
  const { gateway } = useSession();
  const { verb, onClose } = rest;
  const counted = useQuery({
    queryKey: ['count', verb, filters],
    queryFn: async () => {
      const wanted = await untilNow(gateway, filters);
      const { matched } = await gateway.jobs[verb].mutate({ ...wanted, dry_run: true });
      return { count: matched, wanted };
    },
    staleTime: 0,
    gcTime: 0,
  });
  const fault = useFault()(counted.error);
  if (counted.data) return <Confirm {...rest} {...counted.data} />;
  return (
    <Dialog title={fault ? t(verb) : t('counting')} onClose={onClose}>
      {fault ? (
        <p class="fault" role="alert">
          {fault}
        </p>
      ) : (
        <Skeleton lines={2} />
      )}
    </Dialog>
  );
}

/**
 * The jobs that match, but none that is submitted from now on: nobody counted it. By the time of the
 * newest, as the gateway's clock may differ from that of this machine.
 */
async function untilNow(gateway: Gateway, filters: JobFilters): Promise<Wanted> {
  const { job_status } = filters;
  const wanted = { ...toSelection(filters), job_status };
  const { jobs } = await gateway.jobs.list.query({ ...wanted, limit: 1 });
  return { ...wanted, until: jobs[0]?.created_at ?? wanted.until } as Wanted;
}

interface ConfirmCountProps extends ConfirmProps {
  count: number;
  /** Selected, and not in a state for it. */
  unfit?: number;
  wanted: Wanted;
}

function Confirm({ verb, count, unfit = 0, wanted, onClose, onDone }: ConfirmCountProps) {
  const t = useText('jobs');
  const shared = useText('shell');
  const { gateway } = useSession();
  const deed = useMutation({
    // Those that were counted, given to it: what is drawn reaches the function a moment later only.
    mutationFn: (counted: Wanted) => gateway.jobs[verb].mutate(counted),
  });
  // Not where the list, and what was selected of it, is another one meanwhile.
  const confirm = () =>
    deed.mutate(wanted, {
      onSuccess: (changed) => onDone(outcomeOf(t, verb, changed, wanted.job_ids?.length)),
    });
  const fault = useFault()(deed.error);
  if (count === 0) {
    return (
      <Dialog title={t('nothing_title')} onClose={onClose}>
        <div class="dialog-body">{unfit > 0 && <p>{unfitText(t, verb, unfit)}</p>}</div>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose}>
            {shared('close')}
          </button>
        </div>
      </Dialog>
    );
  }
  return (
    <ConfirmDialog
      title={t(countOf(`${verb}_title`, count), { n: count })}
      action={t(countOf(`${verb}_action`, count), { n: count })}
      danger={verb === 'cancel'}
      isBusy={deed.isPending}
      fault={fault}
      onConfirm={confirm}
      onClose={onClose}
    >
      <p>{t(`${verb}_hint`)}</p>
      {unfit > 0 && <p>{unfitText(t, verb, unfit)}</p>}
    </ConfirmDialog>
  );
}

function unfitText(t: Text<'jobs'>, verb: Verb, n: number): string {
  return t(countOf(`${verb}_unfit`, n), { n });
}

/** As "8 cancelled. 2 had ended already or are gone." `asked`: unknown where the gateway chose them. */
function outcomeOf(
  t: Text<'jobs'>,
  verb: Verb,
  { matched, changed }: Outputs['jobs']['cancel'],
  asked = matched,
): string {
  const same = matched - changed;
  const missed = asked - matched;
  const parts = [t(countOf(`${verb}_done`, changed), { n: changed })];
  if (verb === 'cancel' && same > 0) parts.push(t(countOf('cancel_same', same), { n: same }));
  if (missed > 0) parts.push(t(countOf(`${verb}_missed`, missed), { n: missed }));
  return parts.join(' ');
}
