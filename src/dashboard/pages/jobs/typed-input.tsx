// A text field that tells what was typed once the typing rests.
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Shorter than a reader notices, longer than between two keys. */
const REST_MS = 120;

interface TypedInputProps {
  value: string;
  type?: 'text' | 'search';
  label: string;
  hint: string;
  maxLength: number;
  onTyped(value: string): void;
}

export function TypedInput({ value, type = 'text', label, hint, ...props }: TypedInputProps) {
  const [text, setText] = useState(value);
  const told = useRef(value);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  // Changed by something else, such as the browser's Back: before the list of it is painted.
  useLayoutEffect(() => {
    if (value === told.current) return;
    clearTimeout(timer.current);
    told.current = value;
    setText(value);
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const take = ({ currentTarget }: JSX.TargetedInputEvent<HTMLInputElement>) => {
    const typed = currentTarget.value;
    setText(typed);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      told.current = typed.trim();
      props.onTyped(typed.trim());
    }, REST_MS);
  };
  return (
    <input
      class="input"
      type={type}
      aria-label={label}
      title={hint}
      placeholder={label}
      maxLength={props.maxLength}
      autocomplete="off"
      spellcheck={false}
      value={text}
      onInput={take}
    />
  );
}
