// A button whose deed takes a while: until then it does nothing, and keeps the focus.
import type { ComponentChildren, JSX } from 'preact';

interface DeedButtonProps extends Pick<JSX.AriaAttributes, 'aria-label'> {
  class?: string;
  type?: 'button' | 'submit';
  isBusy: boolean;
  onClick?(): void;
  children: ComponentChildren;
}

/** Not `disabled`: it would lose the focus. */
export function DeedButton({ isBusy, onClick, ...rest }: DeedButtonProps) {
  return (
    <button
      type="button"
      class="button"
      {...rest}
      aria-disabled={isBusy || undefined}
      onClick={(event) => (isBusy ? event.preventDefault() : onClick?.())}
    />
  );
}
