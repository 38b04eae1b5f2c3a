// The router: every endpoint of the gateway, one line each.
import { jobGet } from './job-get.ts';
import { jobStatus } from './job-status.ts';
import { jobSubmit } from './job-submit.ts';
import { jobsStatus } from './jobs-status.ts';
import { keysCreate } from './keys-create.ts';
import { keysList } from './keys-list.ts';
import { keysRevoke } from './keys-revoke.ts';
import { toolkitAuthenticate } from './toolkit-authenticate.ts';
import { router } from './trpc.ts';
import { workerClaim } from './worker-claim.ts';
import { workerComplete } from './worker-complete.ts';
import { workerFail } from './worker-fail.ts';
import { workerHeartbeat } from './worker-heartbeat.ts';
import { workerRelease } from './worker-release.ts';

export const appRouter = router({
  job: { get: jobGet, status: jobStatus, submit: jobSubmit },
  jobs: { status: jobsStatus },
  keys: { create: keysCreate, list: keysList, revoke: keysRevoke },
  toolkit: { authenticate: toolkitAuthenticate },
  worker: {
    claim: workerClaim,
    complete: workerComplete,
    fail: workerFail,
    heartbeat: workerHeartbeat,
    release: workerRelease,
  },
});

export type AppRouter = typeof appRouter;
