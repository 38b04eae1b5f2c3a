// The position of a job in a list: newest first, and the cursor that the next page begins behind.
import { and, gte, lte, sql, type AnyColumn, type SQL } from '../../../db/drizzle.ts';
import { invalidPayload } from '../../contract/errors.ts';
import { param } from './session.ts';

export interface ListPosition {
  createdAt: number;
  seq: number;
}

/** Positions of a page; the next one begins behind `next`, null on the last page. */
export interface PageOfPositions {
  positions: ListPosition[];
  next: ListPosition | null;
}

/** Not less than any `seq`, and short enough for a cursor. */
export const LAST_SEQ = 999_999_999_999_999;

export const NEWEST: ListPosition = {
  createdAt: Number.MAX_SAFE_INTEGER,
  seq: Number.MAX_SAFE_INTEGER,
};

export const BY_POSITION = {
  timeOf: ({ createdAt }: ListPosition) => createdAt,
  byNewest: (a: ListPosition, b: ListPosition) => b.createdAt - a.createdAt || b.seq - a.seq,
};

/** Made between `since` and `until`, and behind the position `createdAt` and `seq`. */
export function isOnPage({
  createdAt,
  seq,
}: Record<keyof ListPosition, AnyColumn>): SQL | undefined {
  return and(
    gte(createdAt, param('since')),
    lte(createdAt, param('until')),
    sql`(${createdAt}, ${seq}) < (${param('createdAt')}, ${param('seq')})`,
  );
}

/** The page of those found, in order, of which one more than `limit` was looked for. */
export function cutPage(found: readonly ListPosition[], limit: number): PageOfPositions {
  const positions = found.slice(0, limit);
  const last = positions.at(-1);
  return { positions, next: last && found.length > limit ? last : null };
}

export function encodeCursor({ createdAt, seq }: ListPosition): string {
  return Buffer.from(`${createdAt}.${seq}`).toString('base64url');
}

/** Throws `invalid_payload`. */
export function decodeCursor(cursor: string): ListPosition {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  const [, createdAt, seq] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? [];
  if (createdAt && seq) return { createdAt: Number(createdAt), seq: Number(seq) };
  throw invalidPayload([{ path: 'cursor', message: 'Not a next_cursor of this list' }]);
}
