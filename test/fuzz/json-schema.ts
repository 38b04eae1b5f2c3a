// From a JSON Schema to the values it allows: the keywords that openapi.json has in its requests.
import * as fc from 'fast-check';
import type { Schema } from './operations.ts';
import { standIn, standIns } from './stand-ins.ts';

const KNOWN = new Set(
  'type properties required additionalProperties items enum pattern format minimum maximum minLength maxLength minItems maxItems default description examples example'.split(
    ' ',
  ),
);

export const ENDPOINTS = ['/v1/fuzz/a', '/v1/fuzz/b', '/v1/fuzz/c'];

/** Nothing listens there: a delivery fails at once. */
const WEBHOOK_URLS = ['http://127.0.0.1:9/', 'http://127.0.0.1:9/a%20b?c=d#e', 'HTTP://127.1:9'];

/** Most arrays are short: a thousand of everything would be load, not fuzzing. */
const USUAL_ITEMS = 4;

const PATTERN_SAMPLES = 40;

const someJob = fc.oneof(
  { weight: 6, arbitrary: standIns('job') },
  { weight: 3, arbitrary: standIns('spentJob') },
  { weight: 1, arbitrary: standIns('job').map((id) => id.toUpperCase()) },
  { weight: 1, arbitrary: fc.uuid() },
);

/** A value that means something is worth more than one that only has the right form. */
const MEANINGFUL: Record<string, fc.Arbitrary<unknown>> = {
  job_id: someJob,
  job_ids: someJob,
  key_id: standIns('key'),
  delivery_id: standIns('delivery'),
  cursor: standIns('cursor'),
  endpoint: fc.constantFrom(...ENDPOINTS),
  endpoints: fc.constantFrom(...ENDPOINTS),
  limit: fc.integer({ min: 1, max: 10 }),
  expires_at: fc.constantFrom(4e12, 8.64e15),
  idempotency_key: fc.nat(300).map((number) => `order ${number}`),
};

/** The only values of these: others would hold the program up, or reach out. */
const ONLY: Record<string, fc.Arbitrary<unknown>> = {
  wait_seconds: fc.oneof(
    { weight: 30, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constant(1) },
  ),
  webhook_url: fc.constantFrom(...WEBHOOK_URLS),
};

/** Throws on a keyword it does not know. `name` is that of the property the value is for. */
export function valuesOf(schema: Schema, name = ''): fc.Arbitrary<unknown> {
  const unknown = Object.keys(schema).filter((keyword) => !KNOWN.has(keyword));
  if (unknown.length > 0) throw new Error(`valuesOf does not know the keyword ${unknown[0]}`);
  const only = ONLY[name];
  if (only) return only;
  const formed = formedValues(schema, name);
  const meant = schema.type === 'array' ? undefined : MEANINGFUL[name];
  if (!meant) return formed;
  return fc.oneof({ weight: 6, arbitrary: meant }, { weight: 1, arbitrary: formed });
}

function formedValues(schema: Schema, name: string): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  return BY_TYPE[schema.type ?? 'any'](schema, name);
}

type Make = (schema: Schema, name: string) => fc.Arbitrary<unknown>;

const BY_TYPE: Record<NonNullable<Schema['type']> | 'any', Make> = {
  string: strings,
  integer: integers,
  number: numbers,
  boolean: () => fc.boolean(),
  array: arrays,
  object: (schema) => (schema.properties ? objects(schema) : freeObjects),
  any: () => freeValues,
};

function strings({ pattern, format, minLength = 0, maxLength = 300 }: Schema) {
  if (pattern !== undefined) return matching(pattern, maxLength);
  if (format === 'uuid') return fc.uuid();
  const short = fc.string({ unit: 'binary', minLength, maxLength: Math.min(maxLength, 20) });
  const longest = fc.constantFrom('x', 'é', '漢', '😀').map((one) => one.repeat(maxLength));
  return fc.oneof(
    // The document cannot say so in a schema: no NUL.
    { weight: 9, arbitrary: short.map((text) => text.replaceAll('\0', '0')) },
    { weight: 1, arbitrary: longest },
  );
}

/** Made from its pattern each time, a string takes longer than the request it goes into. */
function matching(pattern: string, maxLength: number): fc.Arbitrary<string> {
  const known = samples.get(pattern);
  if (known) return known;
  // Of JSON Schema's patterns none has a flag but `u`.
  const found = fc
    .sample(fc.stringMatching(new RegExp(pattern, 'u')), { numRuns: PATTERN_SAMPLES, seed: 1 })
    .filter((text) => text.length <= maxLength);
  const arbitrary = fc.constantFrom(...found);
  samples.set(pattern, arbitrary);
  return arbitrary;
}

const samples = new Map<string, fc.Arbitrary<string>>();

function integers({ minimum: min = -(2 ** 53), maximum: max = 2 ** 53 - 1 }: Schema) {
  const low = fc.integer({ min, max: Math.min(max, min + 100) });
  const any = fc.maxSafeInteger().map((value) => Math.min(max, Math.max(min, value)));
  return fc.oneof(low, any);
}

function numbers({ minimum: min = -1e300, maximum: max = 1e300 }: Schema) {
  return fc.oneof(
    fc.double({ min, max, noNaN: true }),
    fc.constantFrom(min, max, Math.min(max, 0.1)),
  );
}

function arrays({ items = {}, minItems = 0, maxItems = 100 }: Schema, name: string) {
  const maxLength = Math.max(minItems, Math.min(maxItems, USUAL_ITEMS));
  return fc.array(valuesOf(items, name), { minLength: minItems, maxLength });
}

function objects({ properties = {}, required = [], additionalProperties }: Schema) {
  const model = Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, valuesOf(schema, name)]),
  );
  const known = fc.record(model, { requiredKeys: required, noNullPrototype: true });
  const whole = 'lease_token' in properties ? known.chain(holdingALease) : known;
  if (additionalProperties === false) return whole;
  // Ignored where the document does not forbid them.
  return fc
    .tuple(whole, fc.option(freeValues, { freq: 3 }))
    .map(([object, more]) => Object.assign(object, more === null ? {} : { more }));
}

/** A job with the token of its lease, or of one that it had. */
function holdingALease(object: Record<string, unknown>) {
  const lease = fc.nat(999).map((number) => ({
    ...object,
    job_id: standIn('leasedJob', number),
    lease_token: standIn('leaseToken', number),
  }));
  const spent = fc.nat(999).map((number) => ({
    ...object,
    job_id: standIn('spentJob', number),
    lease_token: standIn('spentToken', number),
  }));
  return fc.oneof(
    { weight: 8, arbitrary: lease },
    { weight: 2, arbitrary: spent },
    { weight: 1, arbitrary: fc.constant(object) },
  );
}

/** Refused in any body, whatever its schema. */
const POISON = /"(__proto__|constructor)"/;

const freeValues = fc
  .oneof(
    { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
    { weight: 1, arbitrary: fc.constantFrom<unknown>('\0', '\ud800', 2 ** 53 + 2, -1e308, 5e-324) },
  )
  .map((value) => (POISON.test(JSON.stringify(value)) ? null : value));

const freeObjects = freeValues.map((value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : { value },
);
