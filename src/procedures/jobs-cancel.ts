// jobs.cancel: ends many waiting jobs; asks the workers of running ones to stop.
import { changeSelected, manyChanged, selectionFor } from './job-selection.ts';
import { answers, procedure } from './trpc.ts';

export const jobsCancel = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/jobs/cancel',
      tags: ['jobs'],
      summary: 'Cancel many jobs',
      description:
        'As `job.cancel` for each of them, a hundred in one commit. Jobs submitted meanwhile stay as they are. It ends early when the caller goes away; what was cancelled stays so, and the same call goes on with the rest.',
    },
    scope: 'submit',
    failure: 'cancel the jobs',
  })
  .input(selectionFor('cancel'))
  .output(answers(manyChanged))
  .mutation(({ ctx, input }) => changeSelected(ctx, 'cancel', input));
