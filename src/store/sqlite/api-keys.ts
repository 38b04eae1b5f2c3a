// API keys in the file: only a hash of each, looked up by its id.
import { asc, eq, sql } from 'drizzle-orm';
import { keys } from '../../../db/schema.ts';
import type { Scope } from '../../contract/scope.ts';
import type { ApiKey, JobStore } from '../job-store.ts';
import { param, read, type Session } from './session.ts';

type ApiKeys = Pick<JobStore, 'createKey' | 'findKey' | 'listKeys' | 'revokeKey'>;

export function apiKeys({ orm, commits }: Session): ApiKeys {
  const find = orm.select().from(keys).where(eq(keys.keyId, param('keyId'))).prepare();
  const list = orm.select().from(keys).orderBy(asc(keys.createdAt), asc(keys.keyId)).prepare();
  const revoke = orm
    .update(keys)
    .set({ revokedAt: sql`coalesce(${keys.revokedAt}, ${sql.placeholder('at')})` })
    .where(eq(keys.keyId, param('keyId')))
    .prepare();

  return {
    createKey: (key) =>
      commits.run(() => {
        orm.insert(keys).values({ ...key, scopes: key.scopes.join(' ') }).run();
      }),
    findKey: (keyId) =>
      read(() => {
        const row = find.get({ keyId });
        return row && toApiKey(row);
      }),
    listKeys: () => read(() => list.all().map(toApiKey)),
    revokeKey: (keyId, at) => commits.run(() => revoke.run({ keyId, at }).changes > 0),
  };
}

function toApiKey(row: typeof keys.$inferSelect): ApiKey {
  return { ...row, scopes: row.scopes.split(' ') as Scope[] };
}
