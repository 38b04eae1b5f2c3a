// The configuration: defaults, bounds, and what each wrong variable is told.
import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig, type Environment } from '../src/config.ts';

function problemsOf(environment: Environment): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error(`accepted ${JSON.stringify(environment)}`);
}

const EVERY = 'BACKUP_EVERY must be a time such as 30m, 24h or 7d, from 1m to 366d';

describe('readConfig', () => {
  it('has a default for everything, and freezes what it returns', () => {
    const config = readConfig({});
    expect(config).toEqual({
      host: '127.0.0.1',
      port: 8080,
      databasePath: './data/jobgate.db',
      apiKey: undefined,
      metricsToken: undefined,
      maxQueueLength: 0,
      maxWaiters: 20_000,
      maxBodyBytes: 1_048_576,
      maxResultBytes: 8_388_608,
      logLevel: 'info',
      retentionDays: 30,
      webhookAllow: [],
      backupDir: undefined,
      backupEveryMs: 86_400_000,
      backupKeep: 7,
      rateLimit: '0',
      wrongKeyLimit: '60/m',
      trustProxy: [],
      dashboard: true,
      corsOrigins: [],
      maxEventLoopLagMs: 1000,
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('takes an empty variable as not set', () => {
    expect(readConfig({ PORT: '', API_KEY: '', DATABASE_URL: '' })).toEqual(readConfig({}));
  });

  it('leaves variables of others alone', () => {
    const environment = { PATH: '/bin', POST: '1', LOST: '1', DATABASE_HOST: 'x', MAX_MEMORY: '1' };
    expect(readConfig(environment)).toEqual(readConfig({}));
  });

  it.each([
    ['PORT', '0', 'port', 0],
    ['PORT', '65535', 'port', 65_535],
    ['HOST', '::1', 'host', '::1'],
    ['HOST', 'gateway.internal', 'host', 'gateway.internal'],
    ['API_KEY', '!~', 'apiKey', '!~'],
    ['METRICS_TOKEN', '0123456789abcdef', 'metricsToken', '0123456789abcdef'],
    ['MAX_QUEUE_LENGTH', '1000', 'maxQueueLength', 1000],
    ['MAX_RESULT_BYTES', '67108864', 'maxResultBytes', 67_108_864],
    ['DASHBOARD', 'off', 'dashboard', false],
    ['LOG_LEVEL', 'silent', 'logLevel', 'silent'],
    ['RETENTION_DAYS', '0', 'retentionDays', 0],
    ['BACKUP_DIR', '/backups', 'backupDir', '/backups'],
    ['BACKUP_EVERY', '30m', 'backupEveryMs', 1_800_000],
    ['BACKUP_EVERY', '366d', 'backupEveryMs', 31_622_400_000],
    ['BACKUP_KEEP', '1', 'backupKeep', 1],
  ])('reads %s=%s', (name, value, field, expected) => {
    expect(readConfig({ [name]: value })).toHaveProperty(field, expected);
  });

  it.each([
    [
      'METRICS_TOKEN',
      '0123456789abcde',
      'METRICS_TOKEN must be at least 16 visible ASCII characters without spaces',
    ],
    ['PORT', '65536', 'PORT must be a whole number from 0 to 65535'],
    ['PORT', '1e3', 'PORT must be a whole number from 0 to 65535'],
    ['PORT', ' 80', 'PORT must be a whole number from 0 to 65535'],
    ['PORT', '-1', 'PORT must be a whole number from 0 to 65535'],
    ['HOST', 'a b', 'HOST must be an IP address or a host name'],
    ['HOST', 'http://x', 'HOST must be an IP address or a host name'],
    ['API_KEY', 'a b', 'API_KEY must be visible ASCII characters without spaces'],
    ['API_KEY', 'clé', 'API_KEY must be visible ASCII characters without spaces'],
    ['BACKUP_EVERY', '24', EVERY],
    ['BACKUP_EVERY', '0h', EVERY],
    ['BACKUP_EVERY', '367d', EVERY],
    ['BACKUP_EVERY', '30s', EVERY],
    ['BACKUP_KEEP', '0', 'BACKUP_KEEP must be a whole number from 1 to 10000'],
    ['MAX_WAITERS', '0', 'MAX_WAITERS must be a whole number from 1 to 1000000'],
    ['MAX_BODY_BYTES', '10', 'MAX_BODY_BYTES must be a whole number from 1024 to 67108864'],
    [
      'LOG_LEVEL',
      'loud',
      'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent',
    ],
  ])('refuses %s=%s', (name, value, problem) => {
    expect(problemsOf({ [name]: value })).toEqual([problem]);
  });

  it('says one line for each problem, and never a value', () => {
    const problems = problemsOf({ PORT: 'x', API_KEY: 'my secret', RETENTION_DAYS: 'y' });
    expect(problems).toHaveLength(3);
    expect(problems.join()).not.toContain('my secret');
  });
});

describe('WEBHOOK_ALLOW', () => {
  it.each([
    ['127.0.0.0/8', ['127.0.0.0/8']],
    ['127.0.0.0/8, 10.1.2.3, ::1', ['127.0.0.0/8', '10.1.2.3', '::1']],
    [' 10.0.0.0/8\n,fd00::/8,', ['10.0.0.0/8', 'fd00::/8']],
    [',', []],
    ['0.0.0.0/0 ::/0', ['0.0.0.0/0', '::/0']],
  ])('%j lists %j', (list, networks) => {
    expect(readConfig({ WEBHOOK_ALLOW: list }).webhookAllow).toEqual(networks);
  });

  it.each([
    ['localhost', 1],
    ['127.0.0.1, n8n', 2],
    ['10.0.0.0/33', 1],
    ['::1/129', 1],
    ['10.0.0.0/', 1],
    ['10.0.0.0/-8', 1],
    ['10.0.0.0/8/8', 1],
    ['10.0.0.0/0x8', 1],
    ['10.0.0', 1],
    ['0x7f.1', 1],
    ['127.0.0.1:5678', 1],
    ['[::1]', 1],
    ['http://127.0.0.1', 1],
    ['*', 1],
  ])('refuses %s', (list, entry) => {
    const rule = 'must list networks or IP addresses, such as 127.0.0.0/8, 10.1.2.3, ::1';
    const problem = `WEBHOOK_ALLOW ${rule}: entry ${entry} is neither`;
    expect(problemsOf({ WEBHOOK_ALLOW: list })).toEqual([problem]);
  });
});

describe('DATABASE_URL', () => {
  it.each([
    ['file:./data/jobgate.db', './data/jobgate.db'],
    ['file:jobgate.db', 'jobgate.db'],
    ['file:/srv/a.db', '/srv/a.db'],
    ['file:///srv/a.db', '/srv/a.db'],
    ['file:./a%20b%3F.db', './a b?.db'],
  ])('%s is the file %s', (url, path) => {
    expect(readConfig({ DATABASE_URL: url }).databasePath).toBe(path);
  });

  it.each([
    [':memory:', 'must name a file: jobs in memory would be lost'],
    ['file::memory:', 'must name a file: jobs in memory would be lost'],
    ['postgres://x/y', 'must be a file URL: file:./data/jobgate.db'],
    ['./data/jobgate.db', 'must be a file URL: file:./data/jobgate.db'],
    ['file:a.db?mode=ro', 'must be a plain file URL: write ? and # as %3F and %23'],
    ['file:a%zz.db', 'has a percent-encoding that does not decode'],
    ['file:a%00.db', 'has a percent-encoding that does not decode'],
    ['file://server/a.db', 'must not name a host: write file:/folder/file.db'],
    ['file:', 'must name a file, not a folder'],
    ['file:data/', 'must name a file, not a folder'],
    ['file:..', 'must name a file, not a folder'],
  ])('refuses %s', (url, fault) => {
    expect(problemsOf({ DATABASE_URL: url })).toEqual([`DATABASE_URL ${fault}`]);
  });
});

describe('TRUST_PROXY', () => {
  it.each([
    ['1', 1],
    ['0', 0],
    ['20', 20],
    ['10.0.0.1', ['10.0.0.1']],
    ['127.0.0.0/8, fd00::/8 ::1', ['127.0.0.0/8', 'fd00::/8', '::1']],
  ])('takes "%s"', (text, trustProxy) => {
    expect(readConfig({ TRUST_PROXY: text }).trustProxy).toEqual(trustProxy);
  });

  it.each(['21', '-1', '1.5', 'true', 'loopback', '10.0.0.1, x'])('refuses "%s"', (text) => {
    expect(problemsOf({ TRUST_PROXY: text })).toEqual([
      expect.stringMatching(
        /^TRUST_PROXY must be the number of proxies in front, up to 20, or list/,
      ),
    ]);
  });
});

describe('CORS_ORIGINS', () => {
  it.each([
    ['*', ['*']],
    ['https://a.example, http://localhost:5173', ['https://a.example', 'http://localhost:5173']],
  ])('takes "%s"', (text, corsOrigins) => {
    expect(readConfig({ CORS_ORIGINS: text }).corsOrigins).toEqual(corsOrigins);
  });

  it.each([
    'null',
    'a.example',
    'https://a.example/',
    'https://A.example',
    'file:///x',
    'https://*',
  ])('refuses "%s"', (text) => {
    const rule = 'must list origins, such as https://app.example.com, or be *';
    expect(problemsOf({ CORS_ORIGINS: text })).toEqual([`CORS_ORIGINS ${rule}: entry 1 is none`]);
  });
});

describe('rate limits', () => {
  it.each(['RATE_LIMIT', 'WRONG_KEY_LIMIT'])('%s has a number and a unit', (name) => {
    const rule =
      'must be a number of requests by second, minute or hour, such as 100/s, 600/m, 5000/h, or 0';
    expect(problemsOf({ [name]: '100' })).toEqual([`${name} ${rule}`]);
    expect(Object.values(readConfig({ [name]: '7/s' }))).toContain('7/s');
  });
});

describe('misspelled variables', () => {
  it.each([
    ['MAX_QUEUE_LENGHT', 'MAX_QUEUE_LENGTH'],
    ['MAX_WAITER', 'MAX_WAITERS'],
    ['RETENTON_DAY', 'RETENTION_DAYS'],
    ['APIKEY', 'API_KEY'],
    ['PROT', 'PORT'],
  ])('%s is told to be %s', (name, meant) => {
    const problem = `${name} is not a variable of Jobgate: did you mean ${meant}?`;
    expect(problemsOf({ [name]: '1' })).toEqual([problem]);
  });

  it('are not those that another program is known to have', () => {
    expect(readConfig({ APP_KEY: 'base64:of-another-program' }).apiKey).toBeUndefined();
  });

  it('are left alone where the right one is set too', () => {
    expect(readConfig({ APIKEY: 'of another program', API_KEY: 'ours' }).apiKey).toBe('ours');
  });
});
