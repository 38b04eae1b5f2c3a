// Why the gateway did not take a job: what is said beside a field, and what of the whole.
import type { Text } from '../../i18n/words.ts';
import { statusOf } from '../../session.ts';
import type { FieldName } from './draft.ts';

/** `form`: of no one field. */
export type Faults = Partial<Record<FieldName | 'form', string>>;

type TryItText = Text<'try_it'>;

interface RefusalData {
  issues?: { path: string; message: string }[];
  retry_after_seconds?: number;
}

export function faultsOf(error: Error, fields: readonly FieldName[], t: TryItText): Faults {
  const status = statusOf(error);
  const { message } = error;
  const { data } = error as { data?: RefusalData };
  if (data?.issues) return besideFields(data.issues, fields, t);
  if (status === undefined) return { form: t('unreachable') };
  if (status === 403) return { form: t('forbidden') };
  if (status === 413) return { payload: t('too_large', { message }) };
  if (status === 422) return { idempotency_key: t('other_job') };
  if (status !== 429) return { form: t('refused', { message }) };
  const seconds = data?.retry_after_seconds;
  if (seconds === undefined) return { form: t('too_many_soon', { message }) };
  return { form: t('too_many', { message, seconds }) };
}

/** What is inside of the payload has a longer path, which is then said too. */
function besideFields(
  issues: NonNullable<RefusalData['issues']>,
  fields: readonly FieldName[],
  t: TryItText,
): Faults {
  const faults: Faults = {};
  for (const { path, message } of issues) {
    const field = fields.find((name) => path === name || path.startsWith(`${name}.`));
    const said = field === path || path === '' ? message : `${path}: ${message}`;
    const place = field ?? 'form';
    const text = field ? said : t('refused', { message: said });
    faults[place] = faults[place] ? `${faults[place]}; ${text}` : text;
  }
  return faults;
}
