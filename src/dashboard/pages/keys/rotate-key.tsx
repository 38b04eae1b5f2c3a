// Rotating a key: how long the old one stays good, and the new one once it is made.
import { useMutation } from '@tanstack/preact-query';
import { useId, useState } from 'preact/hooks';
import { ConfirmDialog, Dialog } from '../../components/dialog.tsx';
import { useFault } from '../../components/fault.ts';
import { useText, type Text } from '../../i18n/words.ts';
import { queries } from '../../queries.ts';
import { succeed, useSession } from '../../session.ts';
import type { ApiKey } from './key-state.ts';
import { MadeKey } from './made-key.tsx';
import { OwnKeyWarning } from './own-key-warning.tsx';

const HOUR_SECONDS = 3600;
const DAY_SECONDS = 24 * HOUR_SECONDS;

const OVERLAPS = [0, HOUR_SECONDS, DAY_SECONDS, 7 * DAY_SECONDS, 30 * DAY_SECONDS];

export function RotateKey({ apiKey, onClose }: { apiKey: ApiKey; onClose(): void }) {
  const t = useText('keys');
  const id = useId();
  const faultOf = useFault();
  const { gateway, key: own } = useSession();
  const [overlap, setOverlap] = useState(DAY_SECONDS);
  const { key_id, name } = apiKey;
  const rotate = useMutation({
    // Given to it: what is drawn reaches the function itself a moment later only.
    mutationFn: (overlap_seconds: number) => {
      const making = gateway.keys.rotate.mutate({ key_id, overlap_seconds });
      return key_id === own.key_id ? succeed(making) : making;
    },
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['keys'] }),
  });
  if (rotate.data) {
    return (
      <Dialog title={t('made_title')} onClose={onClose}>
        <MadeKey apiKey={rotate.data.api_key} onClose={onClose} />
      </Dialog>
    );
  }
  return (
    <ConfirmDialog
      title={t('rotate_title', { name: name || key_id })}
      action={t('rotate')}
      isBusy={rotate.isPending}
      fault={faultOf(rotate.error)}
      onConfirm={() => rotate.mutate(overlap)}
      onClose={onClose}
    >
      <p>{t('rotate_hint')}</p>
      <div class="field">
        <label class="label" for={id}>
          {t('overlap')}
        </label>
        <select
          id={id}
          class="select"
          value={overlap}
          onChange={({ currentTarget }) => setOverlap(Number(currentTarget.value))}
        >
          {OVERLAPS.map((seconds) => (
            <option key={seconds} value={seconds}>
              {overlapText(seconds, t)}
            </option>
          ))}
        </select>
      </div>
      <OwnKeyWarning apiKey={apiKey} text={t('own_rotate')} />
    </ConfirmDialog>
  );
}

function overlapText(seconds: number, t: Text<'keys'>): string {
  if (seconds === 0) return t('overlap_none');
  if (seconds === HOUR_SECONDS) return t('overlap_hour');
  if (seconds === DAY_SECONDS) return t('overlap_day');
  return t('overlap_days', { days: seconds / DAY_SECONDS });
}
