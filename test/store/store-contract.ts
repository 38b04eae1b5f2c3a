// The conformance suite of the JobStore port: every store there is or will be must pass it.
import { describe } from 'vitest';
import type { FakeClock } from '../fake-clock.ts';
import { auditTests } from './contract/audit.ts';
import { cancelTests } from './contract/cancel.ts';
import { countingTests } from './contract/counting.ts';
import { endTests } from './contract/ends.ts';
import { eventTests } from './contract/events.ts';
import type { OpenStore, Suite } from './contract/harness.ts';
import { importTests } from './contract/imports.ts';
import { keyTests } from './contract/keys.ts';
import { leaseTests } from './contract/leases.ts';
import { listTests } from './contract/lists.ts';
import { manyTests } from './contract/many.ts';
import { modelTests } from './contract/model.ts';
import { observationTests } from './contract/observation.ts';
import { orderTests } from './contract/order.ts';
import { restartTests } from './contract/restart.ts';
import { retentionTests } from './contract/retention.ts';
import { retryTests } from './contract/retries.ts';
import { submissionTests } from './contract/submission.ts';
import { tenantTests } from './contract/tenants.ts';
import { transitionTests } from './contract/transitions.ts';
import { webhookTests } from './contract/webhooks.ts';
import { workerTests } from './contract/workers.ts';

/**
 * `open` opens, or makes, the store that is kept in a folder, at the time of `clock`. Opened again
 * on the same folder after it was closed, it is the same store.
 */
export function storeContract(name: string, open: OpenStore, clock: FakeClock): void {
  const suite: Suite = { open, clock };
  describe(`${name} keeps the store contract`, () => {
    submissionTests(suite);
    transitionTests(suite);
    leaseTests(suite);
    workerTests(suite);
    retryTests(suite);
    cancelTests(suite);
    orderTests(suite);
    endTests(suite);
    eventTests(suite);
    countingTests(suite);
    tenantTests(suite);
    listTests(suite);
    retentionTests(suite);
    importTests(suite);
    restartTests(suite);
    keyTests(suite);
    webhookTests(suite);
    manyTests(suite);
    auditTests(suite);
    observationTests(suite);
    modelTests(suite);
  });
}
