// When a new key ends: never, after a while, or at a date.
import { useId, useState } from 'preact/hooks';
import { DateField } from '../../components/date-field.tsx';
import { useText } from '../../i18n/words.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

const LIFETIMES = [30, 90, 365];

interface ExpiryFieldsProps {
  /** Epoch milliseconds; undefined for never. */
  value: number | undefined;
  onChange(value: number | undefined): void;
}

export function ExpiryFields({ value, onChange }: ExpiryFieldsProps) {
  const t = useText('keys');
  const id = useId();
  const [choice, setChoice] = useState('never');
  const choose = (chosen: string) => {
    setChoice(chosen);
    const days = Number(chosen);
    onChange(Number.isNaN(days) ? undefined : Date.now() + days * DAY_MS);
  };
  return (
    <>
      <div class="field">
        <label class="label" for={id}>
          {t('expires')}
        </label>
        <select
          id={id}
          class="select"
          value={choice}
          onChange={({ currentTarget }) => choose(currentTarget.value)}
        >
          <option value="never">{t('never')}</option>
          {LIFETIMES.map((days) => (
            <option key={days} value={days}>
              {t('in_days', { days })}
            </option>
          ))}
          <option value="date">{t('at_date')}</option>
        </select>
      </div>
      {choice === 'date' && (
        <DateField label={t('date')} value={value} required onChange={onChange} />
      )}
    </>
  );
}
