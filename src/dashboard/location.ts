// The URL as state: the page's path and its filters, which a link or a reload brings back.
import { createStore, useStore } from './store.ts';

export interface Place {
  path: string;
  search: URLSearchParams;
}

const place = createStore<Place>(here());

addEventListener('popstate', () => {
  place.set(here());
  // Where the reader was: the browser itself scrolls before the page is drawn.
  const { scrollY: y = 0 } = (history.state ?? {}) as { scrollY?: number };
  requestAnimationFrame(() => scrollTo(0, y));
});

function here(): Place {
  return { path: location.pathname, search: new URLSearchParams(location.search) };
}

export function usePlace(): Place {
  return useStore(place);
}

/** `replace`: Back does not return to what was there before, as while typing. */
export function navigate(to: string, { replace = false } = {}): void {
  if (!replace) history.replaceState({ scrollY }, '');
  history[replace ? 'replaceState' : 'pushState'](null, '', to);
  place.set(here());
  if (!replace) scrollTo(0, 0);
}

/** A path with its filters; those that are empty are left out. */
export function hrefOf(path: string, filters: Record<string, string | undefined> = {}): string {
  const given = Object.entries(filters).filter(([, value]) => value);
  const search = new URLSearchParams(given as [string, string][]).toString();
  return search ? `${path}?${search}` : path;
}

/** A click on a link of the page, as an event handler: the browser opens the others itself. */
export function followLink(event: MouseEvent & { currentTarget: HTMLAnchorElement }): void {
  const { currentTarget: link, button, metaKey, ctrlKey, shiftKey, altKey } = event;
  if (button !== 0 || metaKey || ctrlKey || shiftKey || altKey || link.target) return;
  event.preventDefault();
  navigate(link.pathname + link.search);
}
