// A field of the form: its label, what it is for, and what is wrong with it.
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { draft, type FieldName } from './draft.ts';
import { useStore } from '../../store.ts';

interface FieldProps {
  label: string;
  hint: string;
  fault: ComponentChildren;
  children: (control: ControlProps) => ComponentChildren;
}

/** What ties the control to the texts around it. */
interface ControlProps {
  id: string;
  'aria-describedby': string;
  'aria-invalid'?: true;
}

export function Field({ label, hint, fault, children }: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label class="label" for={id}>
        {label}
      </label>
      {children({
        id,
        'aria-describedby': `${id}-note`,
        ...(fault && { 'aria-invalid': true as const }),
      })}
      {/* One in the place of the other, so that nothing jumps. */}
      <p id={`${id}-note`} class={fault ? 'field-note fault small' : 'field-note quiet small'}>
        {fault || hint}
      </p>
    </div>
  );
}

interface TextFieldProps {
  name: FieldName;
  label: string;
  hint: string;
  fault: string | undefined;
  /** Of a `<datalist>`. */
  list?: string;
  mode?: 'numeric' | 'decimal' | 'url';
  mono?: boolean;
  onEdit(name: FieldName): void;
}

export function TextField(props: TextFieldProps) {
  const { name, label, hint, fault, list, mode, mono = false, onEdit } = props;
  const typed = useStore(draft);
  return (
    <Field label={label} hint={hint} fault={fault}>
      {(control) => (
        <input
          {...control}
          class={mono ? 'input mono' : 'input'}
          name={name}
          list={list}
          inputMode={mode}
          autocomplete="off"
          spellcheck={false}
          value={typed[name]}
          onInput={({ currentTarget }) => {
            draft.set({ ...draft.get(), [name]: currentTarget.value });
            onEdit(name);
          }}
        />
      )}
    </Field>
  );
}
