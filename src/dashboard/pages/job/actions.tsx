// What can be done to the job: cancel, retry, delete. What its state does not allow is not offered.
import { useMutation } from '@tanstack/preact-query';
import { useState } from 'preact/hooks';
import { DeedButton } from '../../components/deed-button.tsx';
import { ConfirmDialog } from '../../components/dialog.tsx';
import { useFault } from '../../components/fault.ts';
import { Icon } from '../../components/icon.tsx';
import type { JobDetail } from '../../gateway.ts';
import { useText } from '../../i18n/words.ts';
import { navigate } from '../../location.ts';
import { queries } from '../../queries.ts';
import { useMay, useSession } from '../../session.ts';

export function JobActions({ job }: { job: JobDetail }) {
  const maySubmit = useMay('submit');
  const [asked, setAsked] = useState<'cancel' | 'delete'>();
  if (!maySubmit) return null;
  const close = () => setAsked(undefined);
  return (
    <>
      <Buttons job={job} onAsk={setAsked} />
      {asked === 'cancel' && <ConfirmCancel job={job} onClose={close} />}
      {asked === 'delete' && <ConfirmDelete job={job} onClose={close} />}
    </>
  );
}

interface ButtonsProps {
  job: JobDetail;
  onAsk(verb: 'cancel' | 'delete'): void;
}

function Buttons({ job, onAsk }: ButtonsProps) {
  const t = useText('job');
  const { job_status, cancel_requested } = job;
  const isOpen = job_status === 'queued' || job_status === 'running';
  return (
    <>
      {(job_status === 'failed' || job_status === 'cancelled') && <Retry job={job} />}
      {isOpen && !cancel_requested && (
        <button key="cancel" type="button" class="button" onClick={() => onAsk('cancel')}>
          <Icon name="close" />
          {t('cancel')}
        </button>
      )}
      {!isOpen && (
        <button key="delete" type="button" class="button" onClick={() => onAsk('delete')}>
          <Icon name="trash" />
          {t('delete')}
        </button>
      )}
    </>
  );
}

/** The answer is the job after it, and shown at once. */
function show(job: JobDetail): void {
  const known = queries.getQueryData<JobDetail>(['job', job.job_id]);
  if (!known || known.version <= job.version) queries.setQueryData(['job', job.job_id], job);
}

function Retry({ job: { job_id } }: { job: JobDetail }) {
  const t = useText('job');
  const { gateway } = useSession();
  const deed = useMutation({
    mutationFn: () => gateway.job.retry.mutate({ job_id }),
    onSuccess: show,
  });
  const fault = useFault()(deed.error);
  return (
    <>
      {fault && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      <DeedButton isBusy={deed.isPending} onClick={() => deed.mutate()}>
        <Icon name="refresh" />
        {t('retry')}
      </DeedButton>
    </>
  );
}

interface ConfirmProps {
  job: JobDetail;
  onClose(): void;
}

function ConfirmCancel({ job: { job_id, job_status }, onClose }: ConfirmProps) {
  const t = useText('job');
  const { gateway } = useSession();
  const deed = useMutation({
    mutationFn: () => gateway.job.cancel.mutate({ job_id }),
    onSuccess: (job) => {
      show(job);
      onClose();
    },
  });
  const fault = useFault()(deed.error);
  return (
    <ConfirmDialog
      title={t('cancel_title')}
      action={t('cancel_action')}
      danger
      isBusy={deed.isPending}
      fault={fault}
      onConfirm={() => deed.mutate()}
      onClose={onClose}
    >
      <p>{t(job_status === 'running' ? 'cancel_running' : 'cancel_queued')}</p>
    </ConfirmDialog>
  );
}

function ConfirmDelete({ job: { job_id }, onClose }: ConfirmProps) {
  const t = useText('job');
  const { gateway } = useSession();
  const deed = useMutation({
    mutationFn: () => gateway.job.delete.mutate({ job_id }),
    onSuccess: () => {
      // The reader may have gone elsewhere meanwhile.
      if (location.pathname === `/jobs/${job_id}`) navigate('/jobs');
    },
  });
  const fault = useFault()(deed.error);
  return (
    <ConfirmDialog
      title={t('delete_title')}
      action={t('delete_action')}
      danger
      isBusy={deed.isPending}
      fault={fault}
      onConfirm={() => deed.mutate()}
      onClose={onClose}
    >
      <p>{t('delete_hint')}</p>
    </ConfirmDialog>
  );
}
