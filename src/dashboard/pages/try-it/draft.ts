// What stands in the form, and the job it made last: kept while somebody is signed in.
import type { Inputs, Outputs } from '../../gateway.ts';
import { session } from '../../session.ts';
import { createStore } from '../../store.ts';
import { findJsonFault, type JsonFault } from './json-fault.ts';

export type NewJob = Inputs['job']['submit'];
export type Accepted = Outputs['job']['submit'];

/** The fields that are folded away. */
export const OPTIONAL_FIELDS = [
  'id',
  'priority',
  'delay_seconds',
  'max_attempts',
  'webhook_url',
  'idempotency_key',
] as const;

export type OptionalField = (typeof OPTIONAL_FIELDS)[number];
export type FieldName = 'endpoint' | 'payload' | OptionalField;

/** As typed. */
export type Draft = Record<FieldName, string>;

const EMPTY: Draft = {
  endpoint: '',
  payload: '{}',
  id: '',
  priority: '',
  delay_seconds: '',
  max_attempts: '',
  webhook_url: '',
  idempotency_key: '',
};

export const draft = createStore(EMPTY);
export const accepted = createStore<Accepted | undefined>(undefined);

session.subscribe(() => {
  if (session.get().phase !== 'signed_out') return;
  clearDraft();
  accepted.set(undefined);
});

export function clearDraft(): void {
  draft.set(EMPTY);
}

const NUMBERS: readonly FieldName[] = ['priority', 'delay_seconds', 'max_attempts'];

/** Whether it can be is up to the gateway, which knows its rules. Empty fields are left out. */
export function toNewJob(typed: Draft, payload: unknown): NewJob {
  const given = OPTIONAL_FIELDS.filter((name) => typed[name].trim() !== '');
  const options = Object.fromEntries(given.map((name) => [name, valueOf(name, typed[name])]));
  return {
    endpoint: typed.endpoint.trim(),
    ...(payload !== undefined && { payload: payload as NonNullable<NewJob['payload']> }),
    ...options,
  };
}

/** What is no number goes as it is, for the gateway to say so. */
function valueOf(name: FieldName, text: string): string | number {
  if (!NUMBERS.includes(name)) return text.trim();
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}

export type ReadPayload = { value: unknown } | { fault: JsonFault | 'not_object' };

/** `value` is undefined where nothing was typed. */
export function readPayload(text: string): ReadPayload {
  if (text.trim() === '') return { value: undefined };
  const fault = findJsonFault(text);
  if (fault) return { fault };
  const value: unknown = JSON.parse(text);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? { value } : { fault: 'not_object' };
}
