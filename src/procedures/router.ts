// The router: every endpoint of the gateway, one line each.
import { auditList } from './audit-list.ts';
import { jobCancel } from './job-cancel.ts';
import { jobDelete } from './job-delete.ts';
import { jobGet } from './job-get.ts';
import { jobRetry } from './job-retry.ts';
import { jobStatus } from './job-status.ts';
import { jobSubmit } from './job-submit.ts';
import { jobWatch } from './job-watch.ts';
import { jobsActivity } from './jobs-activity.ts';
import { jobsCancel } from './jobs-cancel.ts';
import { jobsList } from './jobs-list.ts';
import { jobsRetry } from './jobs-retry.ts';
import { jobsStats } from './jobs-stats.ts';
import { jobsStatus } from './jobs-status.ts';
import { jobsSubmit } from './jobs-submit.ts';
import { jobsWatch } from './jobs-watch.ts';
import { keysCreate } from './keys-create.ts';
import { keysCurrent } from './keys-current.ts';
import { keysList } from './keys-list.ts';
import { keysRevoke } from './keys-revoke.ts';
import { keysRotate } from './keys-rotate.ts';
import { toolkitAuthenticate } from './toolkit-authenticate.ts';
import { router } from './trpc.ts';
import { webhookDeliveries } from './webhook-deliveries.ts';
import { webhookFailures } from './webhook-failures.ts';
import { webhookRedeliver } from './webhook-redeliver.ts';
import { webhookSecret } from './webhook-secret.ts';
import { workerClaim } from './worker-claim.ts';
import { workerComplete } from './worker-complete.ts';
import { workerFail } from './worker-fail.ts';
import { workerHeartbeat } from './worker-heartbeat.ts';
import { workerProgress } from './worker-progress.ts';
import { workerRelease } from './worker-release.ts';
import { workersList } from './workers-list.ts';

export const appRouter = router({
  audit: { list: auditList },
  job: {
    cancel: jobCancel,
    delete: jobDelete,
    get: jobGet,
    retry: jobRetry,
    status: jobStatus,
    submit: jobSubmit,
    watch: jobWatch,
  },
  jobs: {
    activity: jobsActivity,
    cancel: jobsCancel,
    list: jobsList,
    retry: jobsRetry,
    stats: jobsStats,
    status: jobsStatus,
    submit: jobsSubmit,
    watch: jobsWatch,
  },
  keys: {
    create: keysCreate,
    current: keysCurrent,
    list: keysList,
    revoke: keysRevoke,
    rotate: keysRotate,
  },
  toolkit: { authenticate: toolkitAuthenticate },
  webhook: {
    deliveries: webhookDeliveries,
    failures: webhookFailures,
    redeliver: webhookRedeliver,
    secret: webhookSecret,
  },
  worker: {
    claim: workerClaim,
    complete: workerComplete,
    fail: workerFail,
    heartbeat: workerHeartbeat,
    progress: workerProgress,
    release: workerRelease,
  },
  workers: { list: workersList },
});

export type AppRouter = typeof appRouter;
