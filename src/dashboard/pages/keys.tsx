// The page of keys: who may call the gateway, and what with; made, rotated and revoked here.
import { useQuery } from '@tanstack/preact-query';
import { useState } from 'preact/hooks';
import { Icon } from '../components/icon.tsx';
import { Failure, Notice, Skeleton } from '../components/notice.tsx';
import { PageHeader } from '../components/page-header.tsx';
import { useNow } from '../components/time.tsx';
import { countOf, useText } from '../i18n/words.ts';
import { useSession } from '../session.ts';
import { CreateKey } from './keys/create-key.tsx';
import { stateOf, type ApiKey } from './keys/key-state.ts';
import { KeyTable } from './keys/key-table.tsx';
import { RevokeKey } from './keys/revoke-key.tsx';
import { RotateKey } from './keys/rotate-key.tsx';
import './keys.css';

/** Nothing tells when a key was used. */
const REFRESH_MS = 15_000;

type Deed = { kind: 'create' } | { kind: 'rotate' | 'revoke'; key: ApiKey };

export function KeysPage() {
  const t = useText('keys');
  const shared = useText('shell');
  const { gateway } = useSession();
  const [deed, setDeed] = useState<Deed>();
  const now = useNow();
  const list = useQuery({
    queryKey: ['keys'],
    queryFn: () => gateway.keys.list.query(),
    refetchInterval: REFRESH_MS,
  });
  const keys = list.data?.keys ?? [];
  const live = keys.filter((key) => stateOf(key, now) === 'live').length;
  const close = () => setDeed(undefined);
  return (
    <>
      <PageHeader
        title={shared('keys')}
        // A line high before it is known, too.
        lead={list.data ? t(countOf('lead', keys.length), { live, all: keys.length }) : '\u00a0'}
        actions={
          <button
            type="button"
            class="button button-primary"
            onClick={() => setDeed({ kind: 'create' })}
          >
            <Icon name="plus" />
            {t('new_key')}
          </button>
        }
      />
      {list.isPending && <Skeleton lines={8} />}
      {list.isError && <Failure error={list.error} onRetry={() => void list.refetch()} />}
      {list.data && keys.length === 0 && (
        <Notice icon="keys" title={t('empty')}>
          <p>{t('empty_hint')}</p>
        </Notice>
      )}
      {keys.length > 0 && (
        <KeyTable
          keys={keys}
          onRotate={(key) => setDeed({ kind: 'rotate', key })}
          onRevoke={(key) => setDeed({ kind: 'revoke', key })}
        />
      )}
      {deed?.kind === 'create' && <CreateKey keys={keys} onClose={close} />}
      {deed?.kind === 'rotate' && <RotateKey apiKey={deed.key} onClose={close} />}
      {deed?.kind === 'revoke' && <RevokeKey apiKey={deed.key} onClose={close} />}
    </>
  );
}
