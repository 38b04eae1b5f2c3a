// Damages to a file, at random from a seed: a bit flipped, a part cut off, taken out or blanked.
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';

/** Mulberry32: the same numbers from the same seed. */
export function randomFrom(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

export type Random = ReturnType<typeof randomFrom>;

/** Each does one damage to the file and says which. */
const DAMAGE: ((file: string, random: Random) => string)[] = [
  function flip(file, random) {
    const bytes = readFileSync(file);
    const at = random(bytes.length);
    const bit = random(8);
    bytes[at]! ^= 1 << bit;
    writeFileSync(file, bytes);
    return `bit ${bit} of byte ${at} flipped`;
  },
  function truncate(file, random) {
    const length = random(readFileSync(file).length);
    truncateSync(file, length);
    return `cut to ${length} bytes`;
  },
  function cutOut(file, random) {
    const bytes = readFileSync(file);
    const from = random(bytes.length);
    const to = from + 1 + random(8192);
    writeFileSync(file, Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]));
    return `bytes ${from} to ${to} taken out`;
  },
  function blank(file, random) {
    const bytes = readFileSync(file);
    const from = random(bytes.length);
    const to = from + 1 + random(8192);
    bytes.subarray(from, to).fill(0);
    writeFileSync(file, bytes);
    return `bytes ${from} to ${to} blanked`;
  },
];

/** Damages the file and says how. Flips are what is hardest to notice: half of all. */
export function damage(file: string, random: Random): string {
  const kind = random(2) === 0 ? 0 : random(DAMAGE.length);
  return DAMAGE[kind]!(file, random);
}
