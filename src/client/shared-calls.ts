// Equal calls at the same time are one: its answer goes to all, and one who leaves stops no other.
import { abortable } from './signals.ts';

interface SharedCall {
  answer: Promise<unknown>;
  controller: AbortController;
  callers: number;
}

export class SharedCalls {
  readonly #calls = new Map<string, SharedCall>();

  /**
   * The answer of `start`, or of an equal call that is under way. Rejects with the signal's reason;
   * the call itself is aborted when its last caller has left.
   */
  async run<T>(
    key: string,
    start: (signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    signal?.throwIfAborted();
    const call = this.#calls.get(key) ?? this.#begin(key, start);
    call.callers += 1;
    try {
      return await abortable(call.answer as Promise<T>, signal);
    } finally {
      call.callers -= 1;
      if (call.callers === 0) this.#forget(key, call);
    }
  }

  #begin(key: string, start: (signal: AbortSignal) => Promise<unknown>): SharedCall {
    const controller = new AbortController();
    const call = { answer: start(controller.signal), controller, callers: 0 };
    this.#calls.set(key, call);
    const forget = (): void => this.#forget(key, call);
    call.answer.then(forget, forget);
    return call;
  }

  #forget(key: string, call: SharedCall): void {
    if (this.#calls.get(key) === call) this.#calls.delete(key);
    call.controller.abort();
  }
}
