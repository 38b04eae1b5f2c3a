// What the browser keeps for the page: a text by its name, in one of its two storages.

export interface Kept {
  get(): string | null;
  /** Null forgets it. */
  set(text: string | null): void;
}

/** Where the browser keeps nothing, as with site data blocked, the page does while it is open. */
export function keptIn(storage: 'sessionStorage' | 'localStorage', name: string): Kept {
  let own: string | null = null;
  return {
    get: () => {
      try {
        return window[storage].getItem(name);
      } catch {
        return own;
      }
    },
    set: (text) => {
      own = text;
      try {
        if (text === null) window[storage].removeItem(name);
        else window[storage].setItem(name, text);
      } catch {
        // `own` has it.
      }
    },
  };
}
