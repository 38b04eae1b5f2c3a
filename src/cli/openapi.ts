// `jobgate openapi`: prints the OpenAPI document.
import pkg from '#package.json' with { type: 'json' };
import { buildOpenApiDocument } from '../procedures/openapi.ts';
import { parseArguments, refuseMore } from './arguments.ts';

const USAGE = `Usage: jobgate openapi

Prints the OpenAPI 3.1 document, the same that a gateway serves at /openapi.json.
`;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, {});
  if (values.help) return (process.stdout.write(USAGE), 0);
  refuseMore(positionals);
  process.stdout.write(`${JSON.stringify(buildOpenApiDocument(pkg.version), null, 2)}\n`);
  return 0;
}
