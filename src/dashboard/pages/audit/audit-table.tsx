// The entries of the audit list as a table.
import { JobLink, shortId } from '../../components/job-link.tsx';
import { Time } from '../../components/time.tsx';
import type { Outputs } from '../../gateway.ts';
import { useText } from '../../i18n/words.ts';
import { useSession } from '../../session.ts';
import type { ApiKey } from '../keys/key-state.ts';
import { nameOfKey, type AuditText } from './key-names.ts';

type AuditEntry = Outputs['audit']['list']['entries'][number];

interface AuditTableProps {
  entries: readonly AuditEntry[];
  /** Those whose names are known. */
  keys: readonly ApiKey[];
  /** Of the filters of before, while those of now are asked for. */
  isStale: boolean;
}

export function AuditTable({ entries, keys, isStale }: AuditTableProps) {
  const t = useText('audit');
  const shared = useText('shell');
  const columns = ['at', 'key', 'action', 'target', 'tenant', 'detail'] as const;
  return (
    <div class="table-frame">
      <table class="table table-stacked audit" aria-busy={isStale}>
        <caption class="visually-hidden">{shared('audit')}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {t(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <Row key={entry.seq} entry={entry} keys={keys} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface EntryProps {
  entry: AuditEntry;
  keys: readonly ApiKey[];
}

function Row({ entry, keys }: EntryProps) {
  const t = useText('audit');
  return (
    <tr>
      <td data-label={t('at')}>
        <Time at={entry.at} />
      </td>
      <td data-label={t('key')}>
        <Named id={entry.key_id} name={nameOfKey(entry.key_id, keys, t)} />
      </td>
      <td data-label={t('action')} title={entry.action}>
        {t(entry.action)}
      </td>
      <td data-label={t('target')}>
        <Target entry={entry} keys={keys} />
      </td>
      <td data-label={t('tenant')}>{entry.tenant}</td>
      <td data-label={t('detail')} class="audit-detail">
        {entry.detail && detailText(entry.detail, t)}
      </td>
    </tr>
  );
}

/** A job leads to its page, where it can be looked at: not of another tenant, nor one that is gone. */
function Target({ entry, keys }: EntryProps) {
  const t = useText('audit');
  const { key: own } = useSession();
  const { action, target, tenant } = entry;
  if (action === 'webhook.secret') return <>{t('the_secret')}</>;
  if (action.startsWith('keys.')) return <Named id={target} name={nameOfKey(target, keys, t)} />;
  const mayBeShown = tenant === own.tenant && action !== 'job.delete';
  if (mayBeShown) return <JobLink jobId={target} />;
  return (
    <span class="mono" title={target}>
      {shortId(target)}
    </span>
  );
}

/** A key by its name, with its id on hover; by its id where it has none. */
function Named({ id, name }: { id: string; name: string | undefined }) {
  if (name === undefined) return <span class="mono">{id}</span>;
  return <span title={id}>{name}</span>;
}

/** On one line, such as `name: n8n · scopes: submit`. */
function detailText(detail: Record<string, unknown>, t: AuditText): string {
  return Object.entries(detail)
    .map(([name, value]): [string, string] => [name, valueText(value)])
    .filter(([, text]) => text !== '')
    .map(([name, text]) => `${detailName(name, t)}: ${text}`)
    .join(' · ');
}

function detailName(name: string, t: AuditText): string {
  return name === 'name' || name === 'scopes' || name === 'next' ? t(`detail_${name}`) : name;
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(valueText).join(', ');
  return JSON.stringify(value);
}
