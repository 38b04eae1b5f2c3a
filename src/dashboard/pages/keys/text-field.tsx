// A field for a line of text: its name above, what to write below.
import { useId } from 'preact/hooks';

interface TextFieldProps {
  label: string;
  hint: string;
  value: string;
  suggestions?: readonly string[];
  onInput(value: string): void;
}

export function TextField({ label, hint, value, suggestions, onInput }: TextFieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label class="label" for={id}>
        {label}
      </label>
      <input
        id={id}
        class="input"
        autocomplete="off"
        spellcheck={false}
        value={value}
        list={suggestions && `${id}-known`}
        aria-describedby={`${id}-hint`}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
      {suggestions && (
        <datalist id={`${id}-known`}>
          {suggestions.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      )}
      <p id={`${id}-hint`} class="quiet small">
        {hint}
      </p>
    </div>
  );
}
