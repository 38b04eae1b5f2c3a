// Signing secrets in the file: a tenant's newest, and the one before it while that still signs.
import { and, desc, eq, gt, isNotNull, isNull, or } from '../../../db/drizzle.ts';
import { webhookSecrets as secrets } from '../../../db/schema.ts';
import type { WebhookSecret } from '../../contract/webhook.ts';
import type { JobStore } from '../job-store.ts';
import { lazily, param, read, type Session } from './session.ts';

type WebhookSecrets = Pick<
  JobStore,
  'listWebhookSecrets' | 'addWebhookSecret' | 'rotateWebhookSecret'
>;

export function webhookSecrets(session: Session): WebhookSecrets {
  const { commits } = session;
  const now = () => session.options.clock.now();
  const statements = lazily(() => prepareStatements(session));

  const list = (tenant: string): WebhookSecret[] => statements().live.all({ tenant, now: now() });

  const insert = (tenant: string, secret: string) =>
    statements().insert.run({ tenant, secret, now: now() });

  return {
    listWebhookSecrets: (tenant) => read(() => list(tenant)),

    addWebhookSecret: (tenant, secret) =>
      commits.runNewWork(() => {
        if (list(tenant).length === 0) insert(tenant, secret);
        return list(tenant);
      }),

    rotateWebhookSecret: (tenant, secret, overlapMs, by) =>
      commits.runNewWork(() => {
        statements().dropOlder.run({ tenant });
        statements().expire.run({ tenant, expiresAt: now() + overlapMs });
        insert(tenant, secret);
        session.audit.note(by, { tenant, action: 'webhook.secret', target: tenant });
        return list(tenant);
      }),
  };
}

function prepareStatements({ orm }: Session) {
  const isOfTenant = eq(secrets.tenant, param('tenant'));
  const isNewest = isNull(secrets.expiresAt);
  return {
    live: orm
      .select({
        secret: secrets.secret,
        createdAt: secrets.createdAt,
        expiresAt: secrets.expiresAt,
      })
      .from(secrets)
      .where(and(isOfTenant, or(isNewest, gt(secrets.expiresAt, param('now')))))
      .orderBy(desc(secrets.seq))
      .prepare(),
    insert: orm
      .insert(secrets)
      .values({ tenant: param('tenant'), secret: param('secret'), createdAt: param('now') })
      .prepare(),
    expire: orm
      .update(secrets)
      .set({ expiresAt: param('expiresAt') })
      .where(and(isOfTenant, isNewest))
      .prepare(),
    dropOlder: orm
      .delete(secrets)
      .where(and(isOfTenant, isNotNull(secrets.expiresAt)))
      .prepare(),
  };
}
