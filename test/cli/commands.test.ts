// The commands: each can be asked what it does, and what is unknown is told in one line.
import { describe, expect, it } from 'vitest';
import pkg from '#package.json' with { type: 'json' };
import { COMMANDS } from '../../src/cli/commands.ts';
import { VARIABLES } from '../../src/config.ts';
import { jobgate } from './child.ts';

describe('help', () => {
  it.each([[[]], [['help']], [['--help']], [['-h']]])(
    'jobgate %j names every command',
    async (args) => {
      const { code, stdout, stderr } = await jobgate(args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      for (const name of Object.keys(COMMANDS)) expect(stdout).toContain(`\n  ${name} `);
      for (const name of Object.keys(VARIABLES.shape)) expect(stdout).toContain(`\n  ${name} `);
    },
  );

  it.each(['serve', 'worker', 'keys', 'check', 'openapi', 'salvage'])(
    '%s --help says its usage',
    async (name) => {
      const { code, stdout, stderr } = await jobgate([name, '--help']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(new RegExp(`^Usage: jobgate ${name}`));
      expect((await jobgate(['help', name])).stdout).toBe(stdout);
    },
  );
});

it.each([[['version']], [['--version']]])('jobgate %j prints the version', async (args) => {
  expect(await jobgate(args)).toMatchObject({ code: 0, stdout: `${pkg.version}\n`, stderr: '' });
});

describe('what is unknown', () => {
  it.each([
    [['brew'], '"brew" is not a command of jobgate: see jobgate help'],
    [['vresion'], '"vresion" is not a command of jobgate: did you mean version?'],
    [['constructor'], '"constructor" is not a command of jobgate: see jobgate help'],
    [['help', 'brew'], '"brew" is not a command of jobgate: see jobgate help'],
    [['serve', '--port', '1'], "Unknown option '--port': see --help"],
    [['serve', 'now'], 'Unexpected "now": see --help'],
    [['check', '--deep'], "Unknown option '--deep': see --help"],
    [['keys'], 'Say jobgate keys create, list, rotate or revoke: see --help'],
    [['keys', 'lose'], 'Say jobgate keys create, list, rotate or revoke: see --help'],
  ])('jobgate %j', async (args, line) => {
    expect(await jobgate(args)).toMatchObject({ code: 2, stdout: '', stderr: `${line}\n` });
  });
});
