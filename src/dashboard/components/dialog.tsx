// A dialog in the browser's own: it holds the focus, closes with Escape, and gives the focus back.
import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { useText } from '../i18n/words.ts';
import { DeedButton } from './deed-button.tsx';

interface DialogProps {
  title: string;
  /** Its call is under way: it stays open for what that comes to. */
  isBusy?: boolean;
  onClose(): void;
  children: ComponentChildren;
}

/** Open while it is drawn. */
export function Dialog({ title, isBusy = false, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const isThere = useRef(true);
  useLayoutEffect(() => {
    const opener = document.activeElement;
    const element = dialog.current;
    element?.showModal();
    return () => {
      // Nothing beside an open one takes the focus.
      isThere.current = false;
      element?.close();
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  const stay = (event: Event) => isBusy && event.preventDefault();
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby={titleId}
      // The second Escape in a row cannot be cancelled, but its key can.
      onKeyDown={(event) => event.key === 'Escape' && stay(event)}
      onCancel={stay}
      onClose={() => isThere.current && onClose()}
    >
      <h2 id={titleId}>{title}</h2>
      {children}
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  /** What will happen, and to how many. */
  children: ComponentChildren;
  /** Names the deed: "Cancel 12 jobs", never "OK". */
  action: string;
  danger?: boolean;
  isBusy?: boolean;
  /** Why it failed. */
  fault?: string | undefined;
  onConfirm(): void;
  onClose(): void;
}

export function ConfirmDialog(props: ConfirmProps) {
  const t = useText('shell');
  const { title, children, action, danger = false, isBusy = false, fault } = props;
  return (
    <Dialog title={title} isBusy={isBusy} onClose={props.onClose}>
      <div class="dialog-body">{children}</div>
      {fault && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      <div class="dialog-actions">
        <DeedButton isBusy={isBusy} onClick={props.onClose}>
          {t('close')}
        </DeedButton>
        <DeedButton
          class={danger ? 'button button-danger' : 'button button-primary'}
          isBusy={isBusy}
          onClick={props.onConfirm}
        >
          {action}
        </DeedButton>
      </div>
    </Dialog>
  );
}
