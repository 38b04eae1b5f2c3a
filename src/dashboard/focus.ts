// The focus: when what has it goes from the page, it moves to the part that this was in, not to nowhere.

/** What has the focus; undefined where nothing has. */
let focused: HTMLElement | undefined;
/** Where it goes from there. */
let next: HTMLElement | null | undefined;

/** From now on. Who looks on, or uses a screen reader, then goes on from there by keyboard. */
export function keepFocus(): void {
  addEventListener('focusin', remember);
  // Before what is clicked does anything. A click beside everything gives the focus up.
  addEventListener('click', remember, { capture: true });
  new MutationObserver(moveOn).observe(document.body, { childList: true, subtree: true });
}

function remember(): void {
  const { activeElement: active, body } = document;
  focused = active instanceof HTMLElement && active !== body ? active : undefined;
  next = focused && headOf(focused);
}

/** Of the part that it is in: its heading, or the part itself where that is marked so. */
function headOf(element: HTMLElement): HTMLElement | null | undefined {
  const part = element.closest<HTMLElement>('[data-takes-focus], section:has(h2)');
  return part?.matches('section') ? part.querySelector('h2') : part;
}

function moveOn(): void {
  if (!focused || focused.isConnected || document.activeElement !== document.body) return;
  const target = next?.isConnected ? next : document.querySelector('h1');
  if (!target) return;
  target.tabIndex = -1;
  target.focus({ preventScroll: true });
}
