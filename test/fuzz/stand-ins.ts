// Stand-ins: UUIDs that a request is generated with, so that it can be repeated by its seed, and that
// become the ids of something that is really there when it is sent.
import * as fc from 'fast-check';

/** `lease` and `spent` come in pairs: the same number is the same job and its token. */
export const KINDS = [
  'job',
  'leasedJob',
  'leaseToken',
  'spentJob',
  'spentToken',
  'key',
  'delivery',
  'cursor',
] as const;

export type Kind = (typeof KINDS)[number];

const MOST = 1000;
const STAND_IN = /(0f0f0f0f|0F0F0F0F)-0000-4000-800(\d)-000000000(\d{3})/g;

export function standIn(kind: Kind, number: number): string {
  const digits = String(number % MOST).padStart(3, '0');
  return `0f0f0f0f-0000-4000-800${KINDS.indexOf(kind)}-000000000${digits}`;
}

export function standIns(kind: Kind): fc.Arbitrary<string> {
  return fc.nat(MOST - 1).map((number) => standIn(kind, number));
}

/** The text with what `find` gives in the place of each; one in capitals stays so. */
export function replaceStandIns(
  text: string,
  find: (kind: Kind, number: number) => string,
): string {
  return text.replaceAll(STAND_IN, (_, start: string, kind: string, number: string) => {
    const found = find(KINDS[Number(kind)]!, Number(number));
    return start === start.toLowerCase() ? found : found.toUpperCase();
  });
}
