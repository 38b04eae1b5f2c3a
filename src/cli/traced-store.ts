// The store with a span around what moves a job: submit, claim, complete, fail; loaded only to trace.
import { SpanStatusCode, type Attributes, type Span, type Tracer } from '@opentelemetry/api';
import { JobgateError } from '../contract/errors.ts';
import type { JobStore } from '../store/job-store.ts';

/** A span says which jobs and how many; nothing of what they hold. */
export function tracedStore(store: JobStore, tracer: Tracer): JobStore {
  const inSpan = async <T>(
    name: string,
    attributes: Attributes,
    run: () => Promise<T>,
    describe: (result: T) => Attributes,
  ): Promise<T> =>
    tracer.startActiveSpan(name, { attributes }, async (span) => {
      try {
        const result = await run();
        span.setAttributes(describe(result));
        return result;
      } catch (error) {
        noteError(span, error);
        throw error;
      } finally {
        span.end();
      }
    });
  const status = (job_status: string) => ({ 'jobgate.job_status': job_status });
  return {
    ...store,
    submit: (jobs) =>
      inSpan('job.submit', { 'jobgate.jobs': jobs.length }, () => store.submit(jobs), idsOf),
    claim: (request) =>
      inSpan(
        'worker.claim',
        { 'jobgate.endpoints': [...request.endpoints] },
        () => store.claim(request),
        (claimed) => ({ 'jobgate.jobs': claimed.length, ...idsOf(claimed) }),
      ),
    complete: (holder, result) =>
      inSpan('worker.complete', idsOf([holder]), () => store.complete(holder, result), status),
    fail: (holder, failure) =>
      inSpan('worker.fail', idsOf([holder]), () => store.fail(holder, failure), status),
  };
}

/** Of a thousand jobs a span needs not name all. */
const MAX_IDS = 10;

function idsOf(jobs: readonly { jobId: string }[]): Attributes {
  return { 'jobgate.job_ids': jobs.slice(0, MAX_IDS).map(({ jobId }) => jobId) };
}

function noteError(span: Span, error: unknown): void {
  span.setAttribute('error.type', error instanceof JobgateError ? error.code : 'internal');
  span.setStatus({ code: SpanStatusCode.ERROR });
}
