// API keys in the file: only a hash of each, looked up by its id.
import { asc, eq, sql } from '../../../db/drizzle.ts';
import { keys } from '../../../db/schema.ts';
import type { AuditAction } from '../../contract/audit.ts';
import type { Scope } from '../../contract/scope.ts';
import type { ApiKey, JobStore } from '../job-store.ts';
import type { Orm } from './database.ts';
import { lazily, param, read, type Session } from './session.ts';

type ApiKeys = Pick<
  JobStore,
  'createKey' | 'findKey' | 'listKeys' | 'noteKeyUses' | 'revokeKey' | 'rotateKey'
>;

/** Keys held in memory at the most. */
const MAX_KNOWN = 10_000;

export function apiKeys({ orm, commits, audit, announceKey }: Session): ApiKeys {
  const statements = lazily(() => prepareStatements(orm));

  /** Every request looks its key up: 6 µs from the file, of the 30 that a status read costs. */
  const known = new Map<string, ApiKey>();

  function lookUp(keyId: string): ApiKey | undefined {
    const row = statements().find.get({ keyId });
    if (!row) return undefined;
    const key = toApiKey(row);
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(keyId, key);
    return key;
  }

  function insert(key: ApiKey): void {
    orm
      .insert(keys)
      .values({ ...key, scopes: key.scopes.join(' ') })
      .run();
  }

  function changed(keyId: string): void {
    known.delete(keyId);
    announceKey(keyId);
  }

  function note(
    by: string | undefined,
    action: AuditAction,
    { tenant, keyId }: Pick<ApiKey, 'tenant' | 'keyId'>,
    detail?: object,
  ): void {
    audit.note(by, { tenant, action, target: keyId, ...(detail && { detail }) });
  }

  return {
    createKey: (key, by) =>
      commits.run(() => {
        insert(key);
        note(by, 'keys.create', key, { name: key.name, scopes: key.scopes });
      }),
    findKey: (keyId) => read(() => known.get(keyId) ?? lookUp(keyId)),
    listKeys: () => read(() => statements().list.all().map(toApiKey)),
    noteKeyUses: (uses) =>
      commits.run((tx) => {
        for (const [keyId, at] of uses) {
          statements().use.run({ keyId, at });
          tx.afterCommit(() => known.delete(keyId));
        }
      }),
    revokeKey: (keyId, at, by) =>
      commits.run((tx) => {
        const key = statements().find.get({ keyId });
        if (key?.revokedAt !== null) return key !== undefined;
        statements().revoke.run({ keyId, at });
        note(by, 'keys.revoke', key);
        tx.afterCommit(() => changed(keyId));
        return true;
      }),
    rotateKey: (keyId, next, at, by) =>
      commits.run((tx) => {
        const key = statements().find.get({ keyId });
        if (key?.revokedAt !== null) return false;
        statements().expire.run({ keyId, at });
        insert(next);
        note(by, 'keys.rotate', key, { next: next.keyId });
        tx.afterCommit(() => changed(keyId));
        return true;
      }),
  };
}

function toApiKey(row: typeof keys.$inferSelect): ApiKey {
  return { ...row, scopes: row.scopes.split(' ') as Scope[] };
}

function prepareStatements(orm: Orm) {
  const isKey = eq(keys.keyId, param('keyId'));
  return {
    find: orm.select().from(keys).where(isKey).prepare(),
    list: orm.select().from(keys).orderBy(asc(keys.createdAt), asc(keys.keyId)).prepare(),
    revoke: orm
      .update(keys)
      .set({ revokedAt: param('at') })
      .where(isKey)
      .prepare(),
    expire: orm
      .update(keys)
      .set({
        expiresAt: sql`min(coalesce(${keys.expiresAt}, ${sql.placeholder('at')}), ${sql.placeholder('at')})`,
      })
      .where(isKey)
      .prepare(),
    use: orm
      .update(keys)
      .set({ lastUsedAt: param('at') })
      .where(isKey)
      .prepare(),
  };
}
