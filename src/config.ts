// The configuration: the environment's variables, their bounds and defaults, read into one object.
import { isIP } from 'node:net';
import { z } from 'zod';
import { readNetwork } from './contract/ip-network.ts';
import { readRateLimit } from './contract/rate-limit.ts';
import { nearMiss } from './near-miss.ts';

const MIB = 1024 * 1024;

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** A whole number in decimal digits, within bounds. */
function wholeNumber(min: number, max: number, fallback: number) {
  const rule = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, rule)
    .transform(Number)
    .refine((value) => value >= min && value <= max, rule)
    .default(fallback);
}

const HOST_NAME = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i;

const host = z
  .string()
  .refine(
    (value) => isIP(value) > 0 || HOST_NAME.test(value),
    'must be an IP address or a host name',
  );

const databasePath = z.string().transform((url, context) => {
  const { path, fault } = readDatabaseUrl(url);
  if (path !== undefined) return path;
  context.addIssue({ code: 'custom', message: fault });
  return z.NEVER;
});

const networks = z.string().transform((list, context) => {
  const entries = list.split(/[\s,]+/).filter(Boolean);
  const wrong = entries.findIndex((entry) => !readNetwork(entry));
  if (wrong === -1) return entries;
  const rule = 'must list networks or IP addresses, such as 127.0.0.0/8, 10.1.2.3, ::1';
  context.addIssue({ code: 'custom', message: `${rule}: entry ${wrong + 1} is neither` });
  return z.NEVER;
});

const MS_PER_UNIT = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30m`, `24h` or `7d`, to milliseconds. */
function duration(maxDays: number, fallback: string) {
  const rule = `must be a time such as 30m, 24h or 7d, from 1m to ${maxDays}d`;
  return z
    .string()
    .regex(/^\d{1,7}[mhd]$/, rule)
    .transform((text) => Number.parseInt(text, 10) * MS_PER_UNIT[text.at(-1) as 'm' | 'h' | 'd'])
    .refine((ms) => ms >= MS_PER_UNIT.m && ms <= maxDays * MS_PER_UNIT.d, rule)
    .prefault(fallback);
}

const origins = z.string().transform((list, context) => {
  const entries = list.split(/[\s,]+/).filter(Boolean);
  const wrong = entries.findIndex((entry) => !isOrigin(entry));
  if (wrong === -1) return entries;
  const rule = 'must list origins, such as https://app.example.com, or be *';
  context.addIssue({ code: 'custom', message: `${rule}: entry ${wrong + 1} is none` });
  return z.NEVER;
});

/** As a browser writes it: scheme, host in lower case, port unless it is the scheme's own. */
function isOrigin(text: string): boolean {
  if (text === '*') return true;
  return URL.canParse(text) && new URL(text).origin === text && !/^null$|\*/.test(text);
}

const rateLimit = z
  .string()
  .refine(
    (text) => readRateLimit(text) !== undefined,
    'must be a number of requests by second, minute or hour, such as 100/s, 600/m, 5000/h, or 0',
  );

const MAX_HOPS = 20;

/** How many proxies, or which. */
const proxies = z.string().transform((text, context) => {
  if (/^\d{1,2}$/.test(text) && Number(text) <= MAX_HOPS) return Number(text);
  const read = networks.safeParse(text);
  if (read.success) return read.data;
  const rule = `must be the number of proxies in front, up to ${MAX_HOPS}, or`;
  const fault = read.error.issues[0]?.message.replace('must', '') ?? '';
  context.addIssue({ code: 'custom', message: rule + fault });
  return z.NEVER;
});

/** Every variable, with what it is for. An empty string counts as not set. */
export const VARIABLES = z.object({
  HOST: host.default('127.0.0.1').describe('address to listen on'),
  PORT: wholeNumber(0, 65_535, 8080).describe('port to listen on; 0 takes a free one'),
  DATABASE_URL: databasePath
    .prefault('file:./data/jobgate.db')
    .describe('the database file, made if missing'),
  API_KEY: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII characters without spaces')
    .optional()
    .describe('an admin key given from outside'),
  METRICS_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{16,}$/, 'must be at least 16 visible ASCII characters without spaces')
    .optional()
    .describe('bearer token for GET /metrics, besides admin keys'),
  MAX_QUEUE_LENGTH: wholeNumber(0, 1e9, 0).describe('queued jobs at most; 0 for no limit'),
  MAX_WAITERS: wholeNumber(1, 1e6, 20_000).describe('requests that may wait at the same time'),
  MAX_BODY_BYTES: wholeNumber(1024, 64 * MIB, MIB).describe('largest request body'),
  MAX_RESULT_BYTES: wholeNumber(1024, 64 * MIB, 8 * MIB).describe('largest result of a worker'),
  RATE_LIMIT: rateLimit.default('0').describe('requests of one key, such as 100/s; 0 for no limit'),
  WRONG_KEY_LIMIT: rateLimit
    .default('60/m')
    .describe('wrong API keys from one address; 0 for no limit'),
  TRUST_PROXY: proxies
    .prefault('')
    .describe('proxies whose X-Forwarded-For is believed: networks, or how many stand in front'),
  CORS_ORIGINS: origins
    .prefault('')
    .describe('origins whose pages may call from a browser, such as https://app.example.com, or *'),
  MAX_EVENT_LOOP_LAG_MS: wholeNumber(0, 60_000, 1000).describe(
    'lag from which new work is refused with 503; 0 for never',
  ),
  DASHBOARD: z
    .enum(['on', 'off'], 'must be on or off')
    .default('on')
    .describe('the page at /; off serves none'),
  LOG_LEVEL: z
    .enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`)
    .default('info')
    .describe(LOG_LEVELS.join(', ')),
  WEBHOOK_ALLOW: networks
    .prefault('')
    .describe('networks inside that webhooks may reach, such as 127.0.0.0/8, 10.1.2.3, ::1'),
  RETENTION_DAYS: wholeNumber(0, 36_500, 30).describe('days an ended job is kept; 0 for ever'),
  BACKUP_DIR: z
    .string()
    .refine((path) => !path.includes('\0'), 'must name a folder')
    .optional()
    .describe('folder that backups are taken to, made if missing; none for no backups'),
  BACKUP_EVERY: duration(366, '24h').describe('how often: 30m, 24h, 7d'),
  BACKUP_KEEP: wholeNumber(1, 10_000, 7).describe('backups kept in BACKUP_DIR'),
});

export interface Config {
  readonly host: string;
  readonly port: number;
  /** Path of the database file, as given: absolute or relative to the working folder. */
  readonly databasePath: string;
  readonly apiKey: string | undefined;
  readonly metricsToken: string | undefined;
  readonly maxQueueLength: number;
  readonly maxWaiters: number;
  readonly maxBodyBytes: number;
  readonly maxResultBytes: number;
  /** As `readRateLimit` takes them. */
  readonly rateLimit: string;
  readonly wrongKeyLimit: string;
  /** Networks of proxies that are believed, or how many stand in front. */
  readonly trustProxy: readonly string[] | number;
  /** Origins as browsers write them, or `*`. */
  readonly corsOrigins: readonly string[];
  /** 0 for no shedding of load. */
  readonly maxEventLoopLagMs: number;
  /** Whether the page at / is served. */
  readonly dashboard: boolean;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly retentionDays: number;
  /** Networks in CIDR notation, and addresses. */
  readonly webhookAllow: readonly string[];
  /** Undefined: no backups. */
  readonly backupDir: string | undefined;
  readonly backupEveryMs: number;
  readonly backupKeep: number;
}

/** What is wrong with the environment, one line for each variable. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

export type Environment = Record<string, string | undefined>;

/** Reads the environment. Throws ConfigError; what is not ours is left alone. */
export function readConfig(environment: Environment): Config {
  const given = withoutEmpty(environment);
  const parsed = VARIABLES.safeParse(given);
  const problems = [...misspelled(given), ...(parsed.error?.issues ?? []).map(toProblem)];
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(toConfig(parsed.data));
}

function toConfig(values: z.output<typeof VARIABLES>): Config {
  return {
    host: values.HOST,
    port: values.PORT,
    databasePath: values.DATABASE_URL,
    apiKey: values.API_KEY,
    metricsToken: values.METRICS_TOKEN,
    maxQueueLength: values.MAX_QUEUE_LENGTH,
    maxWaiters: values.MAX_WAITERS,
    maxBodyBytes: values.MAX_BODY_BYTES,
    maxResultBytes: values.MAX_RESULT_BYTES,
    rateLimit: values.RATE_LIMIT,
    wrongKeyLimit: values.WRONG_KEY_LIMIT,
    trustProxy: values.TRUST_PROXY,
    corsOrigins: values.CORS_ORIGINS,
    maxEventLoopLagMs: values.MAX_EVENT_LOOP_LAG_MS,
    dashboard: values.DASHBOARD === 'on',
    logLevel: values.LOG_LEVEL,
    retentionDays: values.RETENTION_DAYS,
    webhookAllow: values.WEBHOOK_ALLOW,
    backupDir: values.BACKUP_DIR,
    backupEveryMs: values.BACKUP_EVERY,
    backupKeep: values.BACKUP_KEEP,
  };
}

function withoutEmpty(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value));
}

/** The value is not repeated: it may be a secret in the wrong place. */
function toProblem({ path, message }: z.core.$ZodIssue): string {
  return `${path.join('.')} ${message}`;
}

type DatabaseUrl = { path: string; fault?: never } | { path?: never; fault: string };

/** `file:relative`, `file:/absolute` or `file:///absolute`, percent-encoded. */
function readDatabaseUrl(url: string): DatabaseUrl {
  if (url.endsWith(':memory:')) return { fault: 'must name a file: jobs in memory would be lost' };
  if (!url.startsWith('file:')) return { fault: 'must be a file URL: file:./data/jobgate.db' };
  if (/[?#]/.test(url)) return { fault: 'must be a plain file URL: write ? and # as %3F and %23' };
  const path = decode(url.slice('file:'.length).replace(/^\/\/(?=\/)/, ''));
  if (path === undefined) return { fault: 'has a percent-encoding that does not decode' };
  if (path.startsWith('//')) return { fault: 'must not name a host: write file:/folder/file.db' };
  if (/(^|\/)\.{0,2}$/.test(path)) return { fault: 'must name a file, not a folder' };
  return { path };
}

function decode(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text);
    return decoded.includes('\0') ? undefined : decoded;
  } catch {
    return undefined;
  }
}

/**
 * Names of other programs that are a slip away from one of ours. APP_KEY is Laravel's: beside such an
 * application, whose environment is shared, it must not stop every command.
 */
const FOREIGN = ['APP_KEY'];

/** Variables that look like ours but are not, where the one that was meant is not set. */
function misspelled(given: Environment): string[] {
  const names = Object.keys(VARIABLES.shape);
  const missing = names.filter((name) => given[name] === undefined);
  return Object.keys(given).flatMap((name) => {
    const isKnown = names.includes(name) || FOREIGN.includes(name);
    const meant = isKnown ? undefined : nearMiss(name, missing);
    return meant ? [`${name} is not a variable of Jobgate: did you mean ${meant}?`] : [];
  });
}
