// The table of keys: what each is for, what it may do, and whether it still does.
import { CopyButton } from '../../components/copy-button.tsx';
import { Time, useNow } from '../../components/time.tsx';
import { useText } from '../../i18n/words.ts';
import { useSession } from '../../session.ts';
import { inOrder, stateOf, type ApiKey } from './key-state.ts';

interface KeyTableProps {
  keys: readonly ApiKey[];
  onRotate(key: ApiKey): void;
  onRevoke(key: ApiKey): void;
}

export function KeyTable({ keys, ...deeds }: KeyTableProps) {
  const t = useText('keys');
  const shared = useText('shell');
  const now = useNow();
  const columns = ['name', 'tenant', 'scopes', 'created', 'last_used', 'expires', 'state'] as const;
  return (
    <div class="table-frame">
      <table class="table table-stacked keys">
        <caption class="visually-hidden">{shared('keys')}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {t(column)}
              </th>
            ))}
            <th scope="col">
              <span class="visually-hidden">{t('actions')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {inOrder(keys, now).map((key) => (
            <Row key={key.key_id} apiKey={key} now={now} {...deeds} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps extends Omit<KeyTableProps, 'keys'> {
  apiKey: ApiKey;
  now: number;
}

function Row({ apiKey, now, onRotate, onRevoke }: RowProps) {
  const t = useText('keys');
  const { key: own } = useSession();
  const { key_id, tenant, scopes, created_at, last_used_at, expires_at } = apiKey;
  const state = stateOf(apiKey, now);
  const name = apiKey.name || key_id;
  return (
    <tr data-state={state}>
      <td data-label={t('name')}>
        <div>
          <div class="key-name">
            {apiKey.name || <span class="quiet">{t('unnamed')}</span>}
            {key_id === own.key_id && <span class="chip chip-accent">{t('yours')}</span>}
          </div>
          <div class="key-id">
            <span class="mono quiet small">{key_id}</span>
            <CopyButton text={key_id} what={`${t('key_id')} ${key_id}`} />
          </div>
        </div>
      </td>
      <td data-label={t('tenant')}>{tenant}</td>
      <td data-label={t('scopes')}>
        <div class="chips">
          {scopes.map((scope) => (
            <span key={scope} class="chip mono">
              {scope}
            </span>
          ))}
        </div>
      </td>
      <td data-label={t('created')}>
        <Time at={created_at} />
      </td>
      <td data-label={t('last_used')}>
        <Moment at={last_used_at} />
      </td>
      <td data-label={t('expires')}>
        <Moment at={expires_at} />
      </td>
      <td data-label={t('state')}>
        <span class="state" data-state={state}>
          <span class="state-dot" aria-hidden="true" />
          {t(state)}
        </span>
      </td>
      <td class="key-deeds">
        {state === 'live' && (
          <>
            <button
              type="button"
              class="button button-small"
              aria-label={t('rotate_key', { name })}
              onClick={() => onRotate(apiKey)}
            >
              {t('rotate')}
            </button>
            <button
              type="button"
              class="button button-small"
              aria-label={t('revoke_key', { name })}
              onClick={() => onRevoke(apiKey)}
            >
              {t('revoke')}
            </button>
          </>
        )}
      </td>
    </tr>
  );
}

function Moment({ at }: { at: number | null }) {
  const t = useText('keys');
  return at === null ? <span class="quiet">{t('never')}</span> : <Time at={at} />;
}
