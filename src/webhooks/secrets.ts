// A tenant's signing secrets: made when the first is needed, two at the most.
import type { WebhookSecret } from '../contract/webhook.ts';
import type { JobStore } from '../store/job-store.ts';
import { mintWebhookSecret } from './signature.ts';

/** How long the secret before a new one still signs. */
const OVERLAP_MS = 24 * 60 * 60 * 1000;

/** Those that sign now, newest first; there is always one. */
export async function liveSecrets(store: JobStore, tenant: string): Promise<WebhookSecret[]> {
  const secrets = await store.listWebhookSecrets(tenant);
  return secrets.length > 0 ? secrets : store.addWebhookSecret(tenant, mintWebhookSecret());
}

/** A new secret; the present one signs beside it for a day more. `by`: id of the key that asks. */
export function rotateSecret(
  store: JobStore,
  tenant: string,
  by?: string,
): Promise<WebhookSecret[]> {
  return store.rotateWebhookSecret(tenant, mintWebhookSecret(), OVERLAP_MS, by);
}
