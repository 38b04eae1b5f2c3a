// A part of the overview under its heading, and what stands there until it was read.
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { Failure, Skeleton } from '../../components/notice.tsx';

interface SectionProps {
  title: string;
  /** Beside the heading. */
  aside?: ComponentChildren;
  children: ComponentChildren;
}

export function Section({ title, aside, children }: SectionProps) {
  const titleId = useId();
  return (
    <section class="overview-section" aria-labelledby={titleId}>
      <div class="overview-heading">
        <h2 id={titleId}>{title}</h2>
        {aside && <p class="quiet small">{aside}</p>}
      </div>
      {children}
    </section>
  );
}

/** A query, as far as it matters to what shows it. */
export interface Reading<Data> {
  data: Data | undefined;
  error: Error | null;
  refetch(): Promise<unknown>;
}

interface AwaitProps<Data> {
  reading: Reading<Data>;
  /** Of the skeleton. */
  lines: number;
  children: (data: Data) => ComponentChildren;
}

/** What was read stays while a later reading fails: the page says above that it is offline. */
export function Await<Data>({ reading, lines, children }: AwaitProps<Data>) {
  const { data, error, refetch } = reading;
  if (data !== undefined) return <>{children(data)}</>;
  return (
    <div class="card">
      {error ? (
        <Failure error={error} onRetry={() => void refetch()} />
      ) : (
        <Skeleton lines={lines} />
      )}
    </div>
  );
}
