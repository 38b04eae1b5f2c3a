// jobs.retry: puts many failed or cancelled jobs back in the queue, each as a fresh attempt.
import { changeSelected, manyChanged, selectionFor } from './job-selection.ts';
import { answers, procedure } from './trpc.ts';

export const jobsRetry = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/jobs/retry',
      tags: ['jobs'],
      summary: 'Retry many failed or cancelled jobs',
      description:
        'As `job.retry` for each of them, a hundred in one commit. It ends early when the caller goes away; what was put back stays so, and the same call goes on with the rest.',
    },
    scope: 'submit',
    failure: 'retry the jobs',
  })
  .input(selectionFor('retry'))
  .output(answers(manyChanged))
  .mutation(({ ctx, input }) => changeSelected(ctx, 'retry', input));
