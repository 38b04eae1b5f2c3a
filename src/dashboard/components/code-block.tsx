// A command or a program to copy.
import { CopyButton } from './copy-button.tsx';

/** Longer ones are shown in part: to lay out a megabyte takes seconds. All of it is copied. */
const MAX_SHOWN = 10_000;

/** `what` names it to screen readers, as "curl command". */
export function CodeBlock({ text, what }: { text: string; what: string }) {
  return (
    <div class="code-block">
      <pre>
        <code>{text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text}</code>
      </pre>
      <CopyButton text={text} what={what} />
    </div>
  );
}
