// Which of the rows are selected: one by one, a range with Shift, or all that match the filters.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

const NONE: ReadonlySet<string> = new Set();

export interface Selection {
  /** Of the rows shown, in their order. */
  ids: readonly string[];
  /** Also those that are not shown. */
  isMatching: boolean;
  has(id: string): boolean;
  /** `isRange`: all from the one toggled before up to this one. */
  toggle(id: string, isRange: boolean): void;
  toggleAll(): void;
  selectMatching(): void;
  clear(): void;
}

/** `list`: what it is of; of another list, others may be selected. */
export function useSelection(list: unknown) {
  const [chosen, setChosen] = useState(NONE);
  const [isMatching, setMatching] = useState(false);
  const anchor = useRef<string>();
  const clear = () => {
    setChosen(NONE);
    setMatching(false);
    anchor.current = undefined;
  };
  useLayoutEffect(clear, [list]);

  /** `shown`: the rows there are. */
  const among = (shown: readonly string[]): Selection => {
    const ids = shown.filter((id) => chosen.has(id));
    return {
      ids,
      isMatching,
      has: (id) => isMatching || chosen.has(id),
      toggle: (id, isRange) => {
        const wanted = isRange ? rangeOf(shown, anchor.current, id) : [id];
        setChosen(withEach(chosen, wanted, !chosen.has(id)));
        setMatching(false);
        anchor.current = id;
      },
      toggleAll: () => {
        if (ids.length === shown.length) clear();
        else setChosen(new Set(shown));
      },
      selectMatching: () => setMatching(true),
      clear,
    };
  };
  /** Whether anything is selected of the rows there are; others may have gone since they were chosen. */
  const isAny = (shown: readonly string[]) => isMatching || shown.some((id) => chosen.has(id));
  return { isAny, among };
}

function rangeOf(shown: readonly string[], from: string | undefined, to: string): string[] {
  const begin = from === undefined ? -1 : shown.indexOf(from);
  const end = shown.indexOf(to);
  if (begin === -1) return [to];
  return shown.slice(Math.min(begin, end), Math.max(begin, end) + 1);
}

function withEach(
  chosen: ReadonlySet<string>,
  ids: readonly string[],
  isWanted: boolean,
): ReadonlySet<string> {
  const changed = new Set(chosen);
  for (const id of ids) {
    if (isWanted) changed.add(id);
    else changed.delete(id);
  }
  return changed;
}
