// `jobgate keys`: makes, shows, rotates and revokes API keys.
import { readConfig } from '../config.ts';
import { SCOPES, type Scope } from '../contract/scope.ts';
import { parseArguments, refuseMore } from './arguments.ts';
import { UsageError } from './command-error.ts';
import {
  openKeyRing,
  type KeyRing,
  type MadeKey,
  type ShownKey,
  type WantedKey,
} from './key-ring.ts';
import { systemClock } from './system-clock.ts';

const USAGE = `Usage: jobgate keys create --name NAME --scopes SCOPE[,SCOPE] [--tenant NAME] [--expires-in-days N]
       jobgate keys list [--json]
       jobgate keys rotate KEY_ID [--overlap-hours N]
       jobgate keys revoke KEY_ID

Scopes: read, submit (implies read), work, admin (implies all). Default tenant: default.
create and rotate print the key on stdout, once; it cannot be shown again. After a rotation the old
key stays good for --overlap-hours (24; 0 ends it at once).

Beside a running gateway the command goes through it, with the admin key in JOBGATE_API_KEY (or
API_KEY). With none running it opens the database of DATABASE_URL itself.
`;

const MAX_OVERLAP_HOURS = 30 * 24;

const DAY_MS = 24 * 60 * 60 * 1000;

const OPTIONS = {
  name: { type: 'string' },
  scopes: { type: 'string' },
  tenant: { type: 'string', default: 'default' },
  'expires-in-days': { type: 'string' },
  'overlap-hours': { type: 'string', default: '24' },
  json: { type: 'boolean', default: false },
} as const;

type Arguments = ReturnType<typeof parseArguments<typeof OPTIONS>>;

const SUBCOMMANDS: Record<string, (given: Arguments) => Promise<void>> = {
  create,
  list,
  revoke,
  rotate,
};

export async function run(args: string[]): Promise<number> {
  const given = parseArguments(args, OPTIONS);
  if (given.values.help) return (process.stdout.write(USAGE), 0);
  const name = given.positionals.shift() ?? '';
  const subcommand = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (!subcommand)
    throw new UsageError('Say jobgate keys create, list, rotate or revoke: see --help');
  await subcommand(given);
  return 0;
}

async function create({ values, positionals }: Arguments): Promise<void> {
  refuseMore(positionals);
  const wanted: WantedKey = {
    name: values.name ?? missing('--name', 'what people will call this key'),
    tenant: values.tenant,
    scopes: scopesFrom(values.scopes ?? missing('--scopes', `some of ${SCOPES.join(', ')}`)),
    expires_at: expiryFrom(values['expires-in-days']),
  };
  show(await withKeys(true, (keys) => keys.create(wanted)));
}

async function rotate({ values, positionals }: Arguments): Promise<void> {
  const [keyId, ...more] = positionals;
  if (keyId === undefined) throw new UsageError('Say which key: jobgate keys rotate KEY_ID');
  refuseMore(more);
  const overlapSeconds = overlapFrom(values['overlap-hours']);
  show(await withKeys(false, (keys) => keys.rotate(keyId, overlapSeconds)));
}

function show({ key_id, api_key }: MadeKey): void {
  process.stderr.write(`Made key ${key_id}. Keep what follows: it is shown this once.\n`);
  process.stdout.write(`${api_key}\n`);
}

async function list({ values, positionals }: Arguments): Promise<void> {
  refuseMore(positionals);
  const keys = await withKeys(false, (ring) => ring.list());
  process.stdout.write(values.json ? `${JSON.stringify(keys, null, 2)}\n` : table(keys));
}

async function revoke({ positionals }: Arguments): Promise<void> {
  const [keyId, ...more] = positionals;
  if (keyId === undefined) throw new UsageError('Say which key: jobgate keys revoke KEY_ID');
  refuseMore(more);
  await withKeys(false, (keys) => keys.revoke(keyId));
  process.stdout.write(`Revoked key ${keyId}.\n`);
}

async function withKeys<T>(mayCreate: boolean, use: (keys: KeyRing) => Promise<T>): Promise<T> {
  const adminKey = process.env['JOBGATE_API_KEY'] || process.env['API_KEY'];
  const keys = openKeyRing(readConfig(process.env), adminKey, { mayCreate });
  try {
    return await use(keys);
  } finally {
    await keys.close();
  }
}

function missing(flag: string, what: string): never {
  throw new UsageError(`${flag} is missing: give ${what}`);
}

function scopesFrom(text: string): Scope[] {
  return text.split(',').map((word) => {
    const scope = SCOPES.find((known) => known === word.trim());
    if (!scope) throw new UsageError(`"${word}" is not a scope: use ${SCOPES.join(', ')}`);
    return scope;
  });
}

function expiryFrom(days: string | undefined): number | null {
  if (days === undefined) return null;
  if (!/^[1-9]\d{0,4}$/.test(days)) throw new UsageError('--expires-in-days takes 1 to 99999');
  return systemClock.now() + Number(days) * DAY_MS;
}

function overlapFrom(hours: string): number {
  if (/^\d{1,3}$/.test(hours) && Number(hours) <= MAX_OVERLAP_HOURS) return Number(hours) * 3600;
  throw new UsageError(`--overlap-hours takes 0 to ${MAX_OVERLAP_HOURS}`);
}

function table(keys: readonly ShownKey[]): string {
  const rows = keys.map((key) => [
    key.key_id,
    key.tenant,
    key.scopes.join(','),
    stateOf(key),
    key.name,
  ]);
  const lines = [['key_id', 'tenant', 'scopes', 'state', 'name'], ...rows].map(
    ([id = '', tenant = '', scopes = '', state = '', name = '']) =>
      `${id.padEnd(14)}${tenant.padEnd(16)}${scopes.padEnd(24)}${state.padEnd(10)}${name}`,
  );
  return `${lines.join('\n')}\n`;
}

function stateOf({ revoked_at, expires_at }: ShownKey): string {
  if (revoked_at !== null) return 'revoked';
  return expires_at !== null && expires_at <= systemClock.now() ? 'expired' : 'live';
}
