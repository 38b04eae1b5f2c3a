// The filters of the audit list: as the URL has them, and as the gateway takes them.
import { AUDIT_ACTIONS, type AuditAction } from '../../../contract/audit.ts';
import type { Inputs } from '../../gateway.ts';

export interface AuditFilters {
  action: AuditAction | undefined;
  key: string | undefined;
  tenant: string | undefined;
  job: string | undefined;
  /** Epoch milliseconds. */
  since: number | undefined;
  until: number | undefined;
}

/** What the URL says that is none of these is left out. */
export function readFilters(search: URLSearchParams): AuditFilters {
  const text = (name: string) => search.get(name) || undefined;
  return {
    action: AUDIT_ACTIONS.find((action) => action === text('action')),
    key: text('key'),
    tenant: text('tenant'),
    job: text('job'),
    since: readTime(text('since')),
    until: readTime(text('until')),
  };
}

function readTime(text: string | undefined): number | undefined {
  const at = new Date(text ?? '').getTime();
  return Number.isNaN(at) ? undefined : at;
}

/** For the URL: times as anybody can read them. */
export function searchOf({ since, until, ...rest }: AuditFilters) {
  const timeText = (at: number | undefined) =>
    at === undefined ? undefined : new Date(at).toISOString();
  return { ...rest, since: timeText(since), until: timeText(until) };
}

type AuditInput = NonNullable<Inputs['audit']['list']>;

export function inputOf({ key, job, ...rest }: AuditFilters): AuditInput {
  const all = { ...rest, key_id: key, job_id: job };
  const given = Object.entries(all).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}
