// API keys in the file: only a hash of each, looked up by its id.
import { asc, eq, sql } from '../../../db/drizzle.ts';
import { keys } from '../../../db/schema.ts';
import type { Scope } from '../../contract/scope.ts';
import type { ApiKey, JobStore } from '../job-store.ts';
import { param, read, type Session } from './session.ts';

type ApiKeys = Pick<JobStore, 'createKey' | 'findKey' | 'listKeys' | 'revokeKey'>;

/** Keys held in memory at the most. */
const MAX_KNOWN = 10_000;

export function apiKeys({ orm, commits }: Session): ApiKeys {
  const find = orm
    .select()
    .from(keys)
    .where(eq(keys.keyId, param('keyId')))
    .prepare();
  const list = orm.select().from(keys).orderBy(asc(keys.createdAt), asc(keys.keyId)).prepare();
  const revoke = orm
    .update(keys)
    .set({ revokedAt: sql`coalesce(${keys.revokedAt}, ${sql.placeholder('at')})` })
    .where(eq(keys.keyId, param('keyId')))
    .prepare();

  /** Every request looks its key up: 6 µs from the file, of the 30 that a status read costs. */
  const known = new Map<string, ApiKey>();

  function lookUp(keyId: string): ApiKey | undefined {
    const row = find.get({ keyId });
    if (!row) return undefined;
    const key = toApiKey(row);
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(keyId, key);
    return key;
  }

  return {
    createKey: (key) =>
      commits.run(() => {
        orm
          .insert(keys)
          .values({ ...key, scopes: key.scopes.join(' ') })
          .run();
      }),
    findKey: (keyId) => read(() => known.get(keyId) ?? lookUp(keyId)),
    listKeys: () => read(() => list.all().map(toApiKey)),
    revokeKey: (keyId, at) =>
      commits.run((tx) => {
        tx.afterCommit(() => known.delete(keyId));
        return revoke.run({ keyId, at }).changes > 0;
      }),
  };
}

function toApiKey(row: typeof keys.$inferSelect): ApiKey {
  return { ...row, scopes: row.scopes.split(' ') as Scope[] };
}
