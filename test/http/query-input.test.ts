// The input in a query: numbers are read where they belong, and the schema stays as strict as it was.
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { queryReader } from '../../src/http/query-input.ts';

const schema = z.strictObject({
  name: z.string().regex(/./),
  count: z.int().optional(),
  share: z.number().min(0).nullish().default(1),
  kind: z.enum(['1', '2']).optional(),
});
const read = queryReader(schema);

describe('a query', () => {
  it('has numbers where the schema has them, and text elsewhere', () => {
    expect(read({ name: '7', count: '7', share: '0.5', kind: '1' })).toEqual({
      name: '7',
      count: 7,
      share: 0.5,
      kind: '1',
    });
    expect(read({ count: '-7' })).toEqual({ count: -7 });
  });

  it.each(['', ' ', '7 ', '+7', '0x7', '1e3', '7,5', 'NaN', 'Infinity', '٧', '--7', '.5'])(
    'leaves %j, which is no number, to the schema',
    (text) => {
      expect(read({ count: text })).toEqual({ count: text });
      expect(schema.safeParse(read({ name: 'x', count: text })).success).toBe(false);
    },
  );

  it('leaves what is there twice, or unknown, to the schema', () => {
    expect(read({ count: ['1', '2'] })).toEqual({ count: ['1', '2'] });
    const hostile = JSON.parse('{"__proto__":"1","constructor":"2"}');
    expect(Object.keys(read(hostile))).toEqual(['__proto__', 'constructor']);
    expect(schema.safeParse(read({ ...hostile, name: 'x' })).success).toBe(false);
  });

  it('leaves the schema alone', () => {
    expect(schema.safeParse({ name: 'x', count: '7' }).success).toBe(false);
  });
});
