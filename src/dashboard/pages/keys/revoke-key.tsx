// Revoking a key: what it does, and that it is one's own.
import { useMutation } from '@tanstack/preact-query';
import { ConfirmDialog } from '../../components/dialog.tsx';
import { useFault } from '../../components/fault.ts';
import { useText } from '../../i18n/words.ts';
import { queries } from '../../queries.ts';
import { useSession } from '../../session.ts';
import type { ApiKey } from './key-state.ts';
import { OwnKeyWarning } from './own-key-warning.tsx';

export function RevokeKey({ apiKey, onClose }: { apiKey: ApiKey; onClose(): void }) {
  const t = useText('keys');
  const faultOf = useFault();
  const { gateway } = useSession();
  const { key_id, name } = apiKey;
  const revoke = useMutation({
    mutationFn: () => gateway.keys.revoke.mutate({ key_id }),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['keys'] });
      onClose();
    },
  });
  return (
    <ConfirmDialog
      title={t('revoke_title', { name: name || key_id })}
      action={t('revoke')}
      danger
      isBusy={revoke.isPending}
      fault={faultOf(revoke.error)}
      onConfirm={() => revoke.mutate()}
      onClose={onClose}
    >
      <p>{t('revoke_hint')}</p>
      <OwnKeyWarning apiKey={apiKey} text={t('own_revoke')} />
    </ConfirmDialog>
  );
}
