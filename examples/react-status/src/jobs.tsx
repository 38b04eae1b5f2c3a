// The page of a signed-in user: submit a job, see those that were submitted here.
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { textOf } from './form-text.ts';
import type { Gateway } from './gateway.ts';
import { JobCard } from './job-card.tsx';

export function Jobs({ gateway }: { gateway: Gateway }) {
  const [jobIds, setJobIds] = useState<string[]>([]);
  const submit = useMutation({
    mutationFn: (form: FormData) =>
      gateway.job.submit.mutate({
        endpoint: textOf(form, 'endpoint'),
        payload: { text: textOf(form, 'text') },
      }),
    onSuccess: ({ job_id }) => setJobIds((before) => [job_id, ...before]),
  });
  return (
    <>
      <form className="card" action={(form) => submit.mutate(form)}>
        <label>
          Endpoint <input name="endpoint" defaultValue="/v1/text/upper" required />
        </label>
        <label>
          Text <input name="text" defaultValue="hello" required />
        </label>
        <button disabled={submit.isPending}>Submit</button>
        {submit.error && <p className="fault">{submit.error.message}</p>}
      </form>
      <ul>
        {jobIds.map((jobId) => (
          <JobCard key={jobId} gateway={gateway} jobId={jobId} />
        ))}
      </ul>
    </>
  );
}
