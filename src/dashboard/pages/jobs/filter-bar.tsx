// The filters above the list; each change is in the URL at once.
import { DateField, endOfMinute } from '../../components/date-field.tsx';
import { Icon } from '../../components/icon.tsx';
import { useText, type Text } from '../../i18n/words.ts';
import { navigate } from '../../location.ts';
import { useStats } from '../../readings.ts';
import {
  isFiltered,
  jobsHref,
  PERIODS,
  readFilters,
  withFilters,
  type JobFilters,
} from './filters.ts';
import { TypedInput } from './typed-input.tsx';

/** As long as an id may be. */
const MAX_LENGTH = 255;

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

interface PartProps {
  filters: JobFilters;
  t: Text<'jobs'>;
}

export function FilterBar({ filters }: { filters: JobFilters }) {
  const t = useText('jobs');
  const type = (changes: JobFilters) => change(changes, { replace: true });
  const part = { filters, t };
  return (
    <div class="jobs-filters" role="search" aria-label={t('filters')}>
      <TypedInput
        type="search"
        value={filters.search ?? ''}
        label={t('search')}
        hint={t('search_hint')}
        maxLength={MAX_LENGTH}
        onTyped={(search) => type({ search: search || undefined })}
      />
      <TypedInput
        value={filters.id ?? ''}
        label={t('caller_id')}
        hint={t('caller_id_hint')}
        maxLength={MAX_LENGTH}
        onTyped={(id) => type({ id: id || undefined })}
      />
      <EndpointChoice {...part} />
      <TimeChoice {...part} />
      {isFiltered(filters) && <ClearFilters />}
      <Range {...part} />
    </div>
  );
}

/** Of what the URL says now: another field may have changed it since this one was drawn. */
function change(changes: JobFilters, options?: { replace: boolean }): void {
  const present = readFilters(new URLSearchParams(location.search));
  navigate(jobsHref(withFilters(present, changes)), options);
}

export function ClearFilters() {
  const t = useText('jobs');
  return (
    <button type="button" class="button" onClick={() => navigate('/jobs')}>
      <Icon name="close" />
      {t('clear')}
    </button>
  );
}

function EndpointChoice({ filters: { endpoint }, t }: PartProps) {
  const known = Object.keys(useStats().data?.by_endpoint ?? {}).sort();
  const offered = endpoint === undefined || known.includes(endpoint) ? known : [endpoint, ...known];
  return (
    <select
      class="select"
      aria-label={t('endpoint')}
      value={endpoint ?? ''}
      onChange={({ currentTarget: { value } }) => change({ endpoint: value || undefined })}
    >
      <option value="">{t('any_endpoint')}</option>
      {offered.map((path) => (
        <option key={path} value={path}>
          {path}
        </option>
      ))}
    </select>
  );
}

function TimeChoice({ filters: { within, since, until }, t }: PartProps) {
  const hasRange = since !== undefined || until !== undefined;
  return (
    <select
      class="select"
      aria-label={t('time')}
      value={within ?? (hasRange ? 'range' : '')}
      onChange={({ currentTarget }) => change(chosenTime(currentTarget.value))}
    >
      <option value="">{t('any_time')}</option>
      {(Object.keys(PERIODS) as (keyof typeof PERIODS)[]).map((period) => (
        <option key={period} value={period}>
          {t(period)}
        </option>
      ))}
      <option value="range">{t('range')}</option>
    </select>
  );
}

function chosenTime(value: string): JobFilters {
  const none = { within: undefined, since: undefined, until: undefined };
  if (value === 'range') return { ...none, since: atMinute(Date.now() - DAY_MS) };
  return value in PERIODS ? { ...none, within: value as keyof typeof PERIODS } : none;
}

function Range({ filters: { since, until }, t }: PartProps) {
  if (since === undefined && until === undefined) return null;
  return (
    <div class="jobs-range">
      <DateField label={t('since')} value={since} onChange={(at) => change({ since: at })} />
      <DateField
        label={t('until')}
        value={until}
        onChange={(at) => change({ until: endOfMinute(at) })}
      />
    </div>
  );
}

function atMinute(at: number): number {
  return at - (at % MINUTE_MS);
}
