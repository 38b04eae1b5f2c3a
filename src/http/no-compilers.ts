// Fastify's option that leaves out its schema compilers: every server of ours has it.

/**
 * The procedures check with zod. Fastify's own compilers, never used, would take 60 ms of a start to
 * load, and what is published does not have them.
 */
export const NO_COMPILERS = {
  compilersFactory: { buildValidator: refuseSchema, buildSerializer: refuseSchema },
};

function refuseSchema(): never {
  throw new Error('No route has a schema of Fastify: its procedure checks');
}
