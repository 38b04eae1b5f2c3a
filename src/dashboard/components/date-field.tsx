// A field for a moment, in the time zone of who looks at it.
import { useId, useLayoutEffect, useState } from 'preact/hooks';

interface DateFieldProps {
  label: string;
  /** Epoch milliseconds; undefined for none. */
  value: number | undefined;
  required?: boolean;
  onChange(value: number | undefined): void;
}

export function DateField({ label, value, required = false, onChange }: DateFieldProps) {
  const id = useId();
  const given = value === undefined ? '' : localText(value);
  // What is typed stays, also while the page is drawn anew around it.
  const [text, setText] = useState(given);
  useLayoutEffect(() => setText(given), [given]);
  return (
    <div class="field">
      <label class="label" for={id}>
        {label}
      </label>
      <input
        id={id}
        class="input"
        type="datetime-local"
        required={required}
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        onChange={({ currentTarget }) => {
          const at = new Date(currentTarget.value).getTime();
          if (currentTarget.value === '') onChange(undefined);
          // A year is typed digit by digit: of 2026, 0002 comes first.
          else if (at >= 0) onChange(at);
        }}
      />
    </div>
  );
}

const MINUTE_MS = 60_000;

/** The last moment of the minute chosen: whoever asks for what was until then means all of it. */
export function endOfMinute(at: number | undefined): number | undefined {
  return at === undefined ? undefined : at - (at % MINUTE_MS) + MINUTE_MS - 1;
}

/** As the field has it: local, to the minute. */
function localText(at: number): string {
  const offset = new Date(at).getTimezoneOffset() * MINUTE_MS;
  return new Date(at - offset).toISOString().slice(0, 16);
}
