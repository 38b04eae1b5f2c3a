// Values that are wrong in one place: a value that the schema allows, and one change that it does not.
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import * as fc from 'fast-check';
import { valuesOf } from './json-schema.ts';
import type { Schema } from './operations.ts';

export interface WrongValue {
  value: unknown;
  /** Dotted, such as `jobs.0.endpoint`: what an answer must name. */
  place: string;
}

type Step = string | number;

interface Change {
  path: Step[];
  /** Undefined removes what is there. */
  put: unknown;
}

/** Whatever a schema is, some of these do not fit it. */
export const MISFITS: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e300,
  -1e300,
  2 ** 53,
  '',
  ' ',
  '0',
  'NaN',
  'null',
  'true',
  '1e400',
  '\ud800',
  '\0',
  '/',
  '/v1//x',
  '../../etc/passwd',
  "'; DROP TABLE jobs; --",
  '<script>alert(1)</script>',
  '${7*7}',
  'A'.repeat(20_000),
  '😀'.repeat(3000),
  [],
  [[]],
  [null],
  {},
  { a: 1 },
  { toString: null },
];

/** Unknown wherever properties are closed; some are known to every object of JavaScript. */
const STRANGE_NAMES = [
  'max_atempts',
  'toString',
  'hasOwnProperty',
  'constructor',
  '',
  '0',
  '\0',
  '\ud800',
  'a.b',
  'JOB_ID',
  'job_id ',
  '$where',
  'é'.repeat(400),
];

const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);

export function allows(schema: Schema, value: unknown): boolean {
  return ajv.validate(schema, value);
}

export function wrongValuesOf(schema: Schema): fc.Arbitrary<WrongValue> {
  return fc.tuple(valuesOf(schema), fc.nat(), fc.nat()).map(([value, which, what]) => {
    const places = placesIn(schema, value, []);
    const changes = places[which % places.length]!;
    const { path, put } = changes[what % changes.length]!;
    return { value: changed(value, path, put), place: path.join('.') };
  });
}

/** For each place the changes that make it wrong; none is empty. */
function placesIn(schema: Schema, value: unknown, path: Step[]): Change[][] {
  const own = misfitsOf(schema).map((put) => ({ path, put }));
  return [own, ...placesInside(schema, value, path)].filter((changes) => changes.length > 0);
}

function placesInside(schema: Schema, value: unknown, path: Step[]): Change[][] {
  if (Array.isArray(value)) {
    return value.flatMap((item, at) => placesIn(schema.items ?? {}, item, [...path, at]));
  }
  const { properties, required = [], additionalProperties } = schema;
  if (!properties || typeof value !== 'object' || value === null) return [];
  const given = value as Record<string, unknown>;
  const missing = required.map((name) => [{ path: [...path, name], put: undefined }]);
  const strange = STRANGE_NAMES.filter((name) => !Object.hasOwn(properties, name));
  const unknown = strange.map((name) => ({ path: [...path, name], put: 1 }));
  const known = Object.entries(properties).flatMap(([name, of]) =>
    placesIn(of, given[name], [...path, name]),
  );
  return [...known, ...missing, additionalProperties === false ? unknown : []];
}

function misfitsOf(schema: Schema): unknown[] {
  const known = misfits.get(schema);
  if (known) return known;
  const found = [...MISFITS, ...beyondBounds(schema)].filter((value) => !allows(schema, value));
  misfits.set(schema, found);
  return found;
}

const misfits = new WeakMap<Schema, unknown[]>();

function beyondBounds({ minimum, maximum, maxLength, maxItems, items }: Schema): unknown[] {
  const item = items?.type === 'object' ? { endpoint: '/a' } : '/a';
  return [
    ...(minimum === undefined ? [] : [minimum - 1]),
    ...(maximum === undefined ? [] : [maximum + 1, `${maximum}`]),
    ...(maxLength === undefined ? [] : ['/'.concat('a'.repeat(maxLength))]),
    ...(maxItems === undefined ? [] : [Array.from({ length: maxItems + 1 }, () => item)]),
  ];
}

/** A copy with the change; what is not on its path is shared. */
function changed(value: unknown, [step, ...rest]: Step[], put: unknown): unknown {
  if (step === undefined) return put;
  const copy: any = Array.isArray(value) ? [...value] : { ...(value as object) };
  const now = changed(copy[step], rest, put);
  if (now === undefined) delete copy[step];
  else copy[step] = now;
  return copy;
}
