// A job in TanStack Query's cache, read again whenever the gateway tells of a change.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { Gateway } from './gateway.ts';

export function useLiveJob(gateway: Gateway, jobId: string) {
  const cache = useQueryClient();
  const query = useQuery({
    queryKey: ['job', jobId],
    queryFn: ({ signal }) => gateway.job.get.query({ job_id: jobId }, { signal }),
  });
  useEffect(() => {
    const refresh = () => void cache.invalidateQueries({ queryKey: ['job', jobId] });
    // tRPC resumes by itself after a drop, and ends with the job.
    const watch = gateway.job.watch.subscribe({ job_id: jobId }, { onData: refresh });
    return () => watch.unsubscribe();
  }, [gateway, cache, jobId]);
  return query;
}
