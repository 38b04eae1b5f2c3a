// An API key as its endpoints show it: everything but the secret.
import { z } from 'zod';
import { JobgateError } from '../contract/errors.ts';
import { storedText, timestamp } from '../contract/fields.ts';
import { SCOPES } from '../contract/scope.ts';
import type { ApiKey } from '../store/job-store.ts';

export const EXAMPLE_KEY = {
  key_id: '5f0c2a9d81b3',
  name: 'n8n',
  tenant: 'default',
  scopes: ['submit' as const],
  created_at: 1764000000000,
  expires_at: null,
  revoked_at: null,
  last_used_at: null,
};

export const tenantName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'Must be 1 to 63 of a-z, 0-9, _ and -, not _ or - first');

export const keyId = z.string().min(1).max(255);

export const keyName = storedText(255);

export const scopes = z.array(z.enum(SCOPES)).min(1).max(SCOPES.length);

export const keyView = z
  .object({
    key_id: z.string(),
    name: z.string(),
    tenant: z.string(),
    scopes,
    created_at: timestamp,
    expires_at: timestamp.nullable().describe('Null for never; epoch milliseconds.'),
    revoked_at: timestamp.nullable(),
    last_used_at: timestamp.nullable(),
  })
  .meta({ examples: [EXAMPLE_KEY] });

export function viewOfKey(key: ApiKey): z.output<typeof keyView> {
  return {
    key_id: key.keyId,
    name: key.name,
    tenant: key.tenant,
    scopes: key.scopes,
    created_at: key.createdAt,
    expires_at: key.expiresAt,
    revoked_at: key.revokedAt,
    last_used_at: key.lastUsedAt,
  };
}

export function keyNotFound(): JobgateError {
  return new JobgateError('not_found', 'Key not found');
}
