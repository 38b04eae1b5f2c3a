// A value that components follow: what is not from the gateway, such as the session and the URL.
import { useLayoutEffect, useState } from 'preact/hooks';

export interface Store<Value> {
  get(): Value;
  set(value: Value): void;
  subscribe(listener: () => void): () => void;
}

export function createStore<Value>(initial: Value): Store<Value> {
  let current = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => current,
    set: (value) => {
      if (Object.is(value, current)) return;
      current = value;
      for (const listener of listeners) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

export function useStore<Value>(store: Store<Value>): Value {
  const [, redraw] = useState({});
  const drawn = store.get();
  useLayoutEffect(() => {
    const stop = store.subscribe(() => redraw({}));
    // It may have changed between the drawing and this.
    if (!Object.is(drawn, store.get())) redraw({});
    return stop;
  }, [store]);
  return drawn;
}
