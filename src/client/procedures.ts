// The gateway's procedures as its router types them, and which of them may be asked twice.
import type { inferRouterInputs, inferRouterOutputs } from '@trpc/server';
import type { AppRouter } from '../procedures/router.ts';

type Inputs = inferRouterInputs<AppRouter>;
type Outputs = inferRouterOutputs<AppRouter>;

type Named<Groups> = {
  [Group in keyof Groups & string]: `${Group}.${keyof Groups[Group] & string}`;
}[keyof Groups & string];

/** A procedure by its name in the router, such as `jobs.list`. */
export type ProcedureName = Exclude<
  Named<Inputs>,
  'job.watch' | 'jobs.watch' | 'toolkit.authenticate'
>;

type At<Groups, Name> = Name extends `${infer Group}.${infer Verb}`
  ? Group extends keyof Groups
    ? Verb extends keyof Groups[Group]
      ? Groups[Group][Verb]
      : never
    : never
  : never;

export type InputOf<Name extends ProcedureName> = At<Inputs, Name>;
export type OutputOf<Name extends ProcedureName> = At<Outputs, Name>;

/** A job as `job.get` answers it; `Result` is what its worker returned. */
export type JobOf<Result = unknown> = Omit<OutputOf<'job.get'>, 'result'> & {
  result: Result | null;
};

export const pathOf = (name: ProcedureName): string => name.replace('.', '/');

/** Reads: equal ones at the same time are one request. */
export const isRead = (name: string): boolean =>
  /\.(activity|current|deliveries|failures|get|list|stats|status)$/.test(name);

/** Doing it twice is doing it once; a submission has its idempotency key. */
export const isRepeatable = (name: ProcedureName): boolean =>
  isRead(name) || name === 'job.submit' || name === 'job.cancel';
