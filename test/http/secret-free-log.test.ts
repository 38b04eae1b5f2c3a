// The log without secrets: what looks like one of ours, and what was given, wherever in a line it is.
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { mintKey } from '../../src/auth/key-format.ts';
import { withoutSecrets } from '../../src/http/secret-free-log.ts';

function linesOf(secrets: (string | undefined)[], log: (logger: pino.Logger) => void): string {
  const lines: string[] = [];
  const stream = { write: (line: string) => void lines.push(line) };
  const options = withoutSecrets({ level: 'trace' }, secrets);
  log(pino(options as pino.LoggerOptions, stream));
  return lines.join('');
}

describe('withoutSecrets', () => {
  it('takes keys and webhook secrets of ours from messages, fields, errors and children', () => {
    const { apiKey } = mintKey();
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const text = linesOf([], (logger) => {
      logger.info(`key=${apiKey}!`);
      logger.info({ nested: { at: `${apiKey},${secret}` } }, 'x');
      logger.error(new Error(`bad ${secret}`));
      logger.child({ request_id: apiKey }).trace('x');
    });
    expect(text).not.toContain(apiKey);
    expect(text).not.toContain(secret);
    expect(text.match(/\[redacted\]/g)?.length).toBeGreaterThan(4);
    for (const line of text.trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
  });

  it('takes the given ones, also where JSON escapes them', () => {
    const given = 'pass"word\\1';
    const text = linesOf([given, undefined, ''], (logger) => logger.info({ url: `/?k=${given}` }));
    expect(JSON.parse(text)).toMatchObject({ url: '/?k=[redacted]' });
  });

  it('leaves the rest alone', () => {
    const text = linesOf(['abc'], (logger) => logger.info('abc jg_1 whsec_ x'));
    expect(JSON.parse(text)).toMatchObject({ msg: 'abc jg_1 whsec_ x' });
  });

  it('keeps no log where there is none', () => {
    expect(withoutSecrets(false, ['x'])).toBe(false);
  });
});
