// Running a procedure in process: REST's way in, past tRPC's chain of middlewares.
import type { AnyProcedure } from '@trpc/server';
import type { z } from 'zod';
import { refuseScope, toPublicError, unauthorized, type Context, type Meta } from './trpc.ts';

/** What tRPC keeps of a procedure that was built. */
interface Definition {
  meta: Meta;
  inputs: z.ZodType[];
  resolver(options: { ctx: Context; input: unknown }): unknown;
  middlewares: unknown[];
}

/** The scope check, the input, the output, the resolver: what `run` does itself. */
const KNOWN_MIDDLEWARES = 3;

/** Throws JobgateError only. */
export type Run = (ctx: Context, rawInput: unknown) => Promise<unknown>;

/**
 * The chain copies its options four times for each of four middlewares: 27 to 50 µs of a read that
 * may cost 115 in all. Here the same four steps are three calls.
 */
export function runnerOf(procedure: AnyProcedure): Run {
  const { meta, inputs, resolver, middlewares } = procedure._def as unknown as Definition;
  const [input] = inputs;
  if (middlewares.length !== KNOWN_MIDDLEWARES + inputs.length || inputs.length > 1) {
    throw new Error('a procedure has a middleware that REST would pass by');
  }
  return async (ctx, rawInput) => {
    refuseScope(ctx, meta.scope);
    try {
      const output = await resolver({ ctx, input: input?.parse(rawInput) });
      if (ctx.hasLostKey) throw unauthorized();
      return output;
    } catch (error) {
      throw toPublicError(error, meta.failure);
    }
  };
}
