// V8's young generation, held small: what it may grow to is memory that the gateway never needs.
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** How often it is looked at, milliseconds. */
const LOOK_EVERY_MS = 1000;

/** Grown to this it grows no more; shrunk by V8 below the other, it may again. */
const ENOUGH_BYTES = 16 * 1024 * 1024;
const LITTLE_BYTES = 8 * 1024 * 1024;

const GROW = '--semi-space-growth-factor=2';
const STAY = '--semi-space-growth-factor=1';

/**
 * V8 doubles it whenever much of it is alive at a collection, as when hundreds wait at once, up to
 * 130 MB: a gateway with 20 MB of live data went from 100 to 265 MB within hours and stayed there.
 * Its bound, `--max-semi-space-size`, is read before any code of ours runs, and a `#!` line cannot pass
 * it everywhere; the factor it grows by is read each time.
 */
export function boundYoungGeneration(): void {
  setInterval(() => {
    const size = sizeOfYoungGeneration();
    if (size >= ENOUGH_BYTES) setFlagsFromString(STAY);
    else if (size < LITTLE_BYTES) setFlagsFromString(GROW);
  }, LOOK_EVERY_MS).unref();
}

/** Bytes set aside for it, used or not. */
export function sizeOfYoungGeneration(): number {
  return (
    getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0
  );
}
