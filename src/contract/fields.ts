// The fields that more than one endpoint takes or gives: their bounds, examples and messages.
import { z } from 'zod';
import { jsonFault } from './json-text.ts';

/** The job of the document this product began with. */
export const EXAMPLE_JOB_ID = 'e6d7f3c0-9c9f-4b8a-b7c3-f0e3c9f6b9d7';

/**
 * Any version of UUID (`z.uuid()` refuses those above 8), either case, which the pattern itself
 * says: JSON Schema has no flags.
 */
const UUID = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;

/** Answered in lower case. */
export const uuid = z.string().regex(UUID, 'Invalid UUID').toLowerCase();

export const jobId = uuid.meta({
  description: 'UUID of the job, either case.',
  examples: [EXAMPLE_JOB_ID],
});

/** A job's id in an answer: always lower case. */
export const knownJobId = z.string().meta({ format: 'uuid', examples: [EXAMPLE_JOB_ID] });

/** How long an answer about a job may be held back: below the 60 s after which common proxies cut. */
export const MAX_WAIT_SECONDS = 55;

export const waitSeconds = z
  .int()
  .min(0)
  .max(MAX_WAIT_SECONDS)
  .optional()
  .describe('Holds the answer until the job has ended or the time is up.');

/** A string that the store gives back as it came: no NUL, no half of a surrogate pair. */
export function storedText(maxLength: number) {
  return z
    .string()
    .max(maxLength)
    .refine(
      (text) => !text.includes('\0') && text.isWellFormed(),
      'Must be well-formed Unicode without NUL',
    );
}

/** The caller's own id. */
export const callerId = storedText(255).meta({
  description: "The caller's own id, echoed in answers.",
  examples: ['transcribe_job_123'],
});

export const endpointPath = z
  .string()
  .max(255)
  .regex(/^(\/[A-Za-z0-9._~:@-]+)+$/, 'Must be a path such as /v1/media/transcribe')
  .meta({ description: 'The kind of work: a path.', examples: ['/v1/media/transcribe'] });

type JsonObject = z.ZodType<Record<string, unknown>, Record<string, unknown>>;

/** Any JSON object in an answer. */
export const jsonObject = z
  .unknown()
  .meta({ override: { type: 'object', additionalProperties: true } }) as unknown as JsonObject;

/**
 * Any JSON object. Numbers are those of JavaScript: of an integer beyond 2^53 the nearest is kept, so
 * send such ids as strings.
 */
export const payload = z
  .unknown()
  .refine(isObject, 'Invalid input: expected object')
  .superRefine(refuseUnstorable)
  .meta({
    description: 'What the worker gets: any JSON object.',
    override: { type: 'object', additionalProperties: true },
    examples: [{ media_url: 'https://example.com/talk.mp3' }],
  }) as unknown as JsonObject;

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Any JSON value, which must be there. */
export const result = z
  .unknown()
  .refine((value) => value !== undefined, 'Required')
  .superRefine(refuseUnstorable)
  .meta({ description: 'Any JSON value.', examples: [{ text: 'Hello.' }] });

/** Any JSON value in an answer. */
export const anyJson = z.unknown();

/** The last date there is (ECMA-262, time values), epoch milliseconds. */
export const LAST_DATE = 8_640_000_000_000_000;

/** Epoch milliseconds. */
export const timestamp = z
  .int()
  .min(0)
  .max(LAST_DATE)
  .meta({ description: 'Epoch milliseconds.', examples: [1764000000000] });

/** A year. */
const MAX_ETA_SECONDS = 365 * 24 * 60 * 60;

export const progress = z
  .strictObject({
    percent: z.number().min(0).max(100).optional(),
    phase: storedText(255).optional(),
    message: storedText(1000).optional(),
    eta_seconds: z.number().min(0).max(MAX_ETA_SECONDS).optional(),
  })
  .meta({ description: 'How far the worker is.', examples: [{ percent: 40, phase: 'decode' }] });

function refuseUnstorable(value: unknown, ctx: z.RefinementCtx): void {
  const fault = jsonFault(value);
  if (fault) ctx.addIssue({ code: 'custom', message: `Invalid JSON: ${fault}` });
}
