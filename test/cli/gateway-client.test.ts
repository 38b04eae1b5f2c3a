// Which gateway the commands talk to: what the environment says, and what it must not say.
import { expect, it, vi } from 'vitest';
import { UsageError } from '../../src/cli/command-error.ts';
import { openGatewayClient } from '../../src/cli/gateway-client.ts';

it.each<[string, Record<string, string>, RegExp]>([
  ['no key', { JOBGATE_API_KEY: '' }, /^JOBGATE_API_KEY is not set: [^\n]+$/],
  ['a key of two lines', { JOBGATE_API_KEY: 'jg_secret\nx' }, /apiKey must be visible ASCII/],
  ['no http address', { JOBGATE_URL: 'ftp://x' }, /url must be an http or https address/],
])('refuses %s in one line, without the key', (_what, environment, about) => {
  const all = { JOBGATE_API_KEY: 'jg_secret', JOBGATE_URL: '', ...environment };
  for (const [name, value] of Object.entries(all)) vi.stubEnv(name, value);
  expect(openGatewayClient).toThrow(UsageError);
  expect(openGatewayClient).toThrow(about);
  expect(openGatewayClient).not.toThrow(/secret/);
});
