// The bar above the audit list that narrows it down.
import { useLayoutEffect, useId, useState } from 'preact/hooks';
import { AUDIT_ACTIONS } from '../../../contract/audit.ts';
import { DateField, endOfMinute } from '../../components/date-field.tsx';
import { useText } from '../../i18n/words.ts';
import type { ApiKey } from '../keys/key-state.ts';
import { readFilters, searchOf, type AuditFilters } from './audit-filters.ts';
import { UNSTORED_KEYS } from './key-names.ts';

interface AuditFilterBarProps {
  filters: AuditFilters;
  /** To choose from. */
  keys: readonly ApiKey[];
  /** `replace`: in the place of what the URL was, as while typing. */
  onChange(filters: AuditFilters, options?: { replace: boolean }): void;
}

const TYPED = { replace: true };

export function AuditFilterBar({ filters, keys, onChange }: AuditFilterBarProps) {
  const t = useText('audit');
  // What was typed and not taken goes with the rest.
  const [generation, setGeneration] = useState(0);
  const change = (part: Partial<AuditFilters>, options?: { replace: boolean }) =>
    onChange({ ...filters, ...part }, options);
  const clear = () => {
    setGeneration(generation + 1);
    onChange(readFilters(new URLSearchParams()));
  };
  const tenants = [...new Set(keys.map(({ tenant }) => tenant))];
  const isFiltered = Object.values(searchOf(filters)).some(Boolean);
  return (
    <form
      class="audit-filters"
      aria-label={t('filters')}
      onSubmit={(event) => event.preventDefault()}
    >
      <Choice
        label={t('action')}
        value={filters.action}
        options={AUDIT_ACTIONS.map((action) => [action, t(action)])}
        onChange={(action) => change({ action: action as AuditFilters['action'] })}
      />
      <Choice
        label={t('key')}
        value={filters.key}
        options={[
          ...keys.map(({ key_id, name }): Option => [
            key_id,
            name ? `${name} · ${key_id}` : key_id,
          ]),
          ...Object.entries(UNSTORED_KEYS).map(([id, name]): Option => [id, t(name)]),
        ]}
        onChange={(key) => change({ key })}
      />
      <Choice
        label={t('tenant')}
        value={filters.tenant}
        options={tenants.map((tenant) => [tenant, tenant])}
        onChange={(tenant) => change({ tenant })}
      />
      <JobField key={generation} value={filters.job} onChange={(job) => change({ job }, TYPED)} />
      <DateField
        label={t('since')}
        value={filters.since}
        onChange={(since) => change({ since }, TYPED)}
      />
      <DateField
        label={t('until')}
        value={filters.until}
        onChange={(until) => change({ until: endOfMinute(until) }, TYPED)}
      />
      {isFiltered && (
        <button type="button" class="button" onClick={clear}>
          {t('clear')}
        </button>
      )}
    </form>
  );
}

type Option = [value: string, text: string];

interface ChoiceProps {
  label: string;
  value: string | undefined;
  options: Option[];
  onChange(value: string | undefined): void;
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  const t = useText('audit');
  const id = useId();
  // A link may name what is not on offer.
  const isOffered = value === undefined || options.some(([offered]) => offered === value);
  return (
    <div class="field">
      <label class="label" for={id}>
        {label}
      </label>
      <select
        id={id}
        class="select"
        value={value ?? ''}
        onChange={({ currentTarget }) => onChange(currentTarget.value || undefined)}
      >
        <option value="">{t('any')}</option>
        {!isOffered && <option value={value}>{value}</option>}
        {options.map(([offered, text]) => (
          <option key={offered} value={offered}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

const WHOLE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface JobFieldProps {
  value: string | undefined;
  onChange(value: string | undefined): void;
}

/** Taken as soon as it is whole: the gateway finds whole ids only. */
function JobField({ value = '', onChange }: JobFieldProps) {
  const t = useText('audit');
  const id = useId();
  const [text, setText] = useState(value);
  const [hasLeft, setLeft] = useState(value !== '');
  // A link or Back may have brought another.
  useLayoutEffect(() => setText(value), [value]);
  const isWrong = hasLeft && text !== '' && !WHOLE_ID.test(text);
  const take = (typed: string) => {
    setText(typed);
    setLeft(false);
    if (typed === '' || WHOLE_ID.test(typed)) onChange(typed || undefined);
  };
  return (
    <div class="field">
      <label class="label" for={id}>
        {t('job')}
      </label>
      <input
        id={id}
        class="input mono"
        autocomplete="off"
        spellcheck={false}
        value={text}
        aria-invalid={isWrong || undefined}
        aria-describedby={`${id}-fault`}
        onInput={({ currentTarget }) => take(currentTarget.value.trim())}
        onChange={() => setLeft(true)}
      />
      <p id={`${id}-fault`} class="fault small" role="alert">
        {isWrong && t('not_an_id')}
      </p>
    </div>
  );
}
