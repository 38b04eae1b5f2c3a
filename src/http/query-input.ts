// The input of a procedure in the query of a GET: all of it is text, so numbers are read where they belong.
import type { z } from 'zod';

/** What is read of a zod schema. */
interface Field {
  def: { type: string; innerType?: Field };
}

type Query = Record<string, unknown>;

/**
 * Reads a query for an input of this schema, which itself stays as strict as it is: what is no
 * number, is there twice or is not known is passed on as it came, and refused by the schema.
 */
export function queryReader(schema: z.ZodObject): (query: Query) => Query {
  const numeric = new Set(Object.keys(schema.shape).filter((name) => isNumber(schema.shape[name])));
  return (query) => {
    const entries = Object.entries(query);
    return Object.fromEntries(
      entries.map(([name, value]) => [name, numeric.has(name) ? toNumber(value) : value]),
    );
  };
}

function isNumber(field: Field | undefined): boolean {
  if (field?.def.innerType) return isNumber(field.def.innerType);
  return field?.def.type === 'number';
}

function toNumber(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
}
