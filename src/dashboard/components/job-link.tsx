// A job's name in a list: its id, shortened, with the whole on hover; leads to its page.
import { Link } from './link.tsx';

export function JobLink({ jobId }: { jobId: string }) {
  return (
    <span class="mono" title={jobId}>
      <Link href={`/jobs/${jobId}`}>{shortId(jobId)}</Link>
    </span>
  );
}

/** Its begin tells when, its end tells it apart: those of one moment begin alike. */
export function shortId(id: string): string {
  return `${id.slice(0, 8)}…${id.slice(-6)}`;
}
