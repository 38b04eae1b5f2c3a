// The text of an API key: how one is made, and how a given one is read.
import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** `jg_<key id: 12 hex>_<secret: 64 hex, 256 bits>_<CRC-32 of all before it: 8 hex>`. */
const FORMAT = /^jg_([0-9a-f]{12})_[0-9a-f]{64}_([0-9a-f]{8})$/;

const PREFIX = 'jg_';
const KEY_ID_BYTES = 6;
const SECRET_BYTES = 32;
const CHECKSUM_LENGTH = 8;

export interface MintedKey {
  keyId: string;
  /** The whole key. It is shown once and never stored. */
  apiKey: string;
}

/** Makes a new key from the system's randomness. */
export function mintKey(): MintedKey {
  const keyId = randomBytes(KEY_ID_BYTES).toString('hex');
  const body = `${PREFIX}${keyId}_${randomBytes(SECRET_BYTES).toString('hex')}`;
  return { keyId, apiKey: `${body}_${checksum(body)}` };
}

/** The id of a well-formed key; undefined for anything else, a mistyped key included. */
export function keyIdOf(apiKey: string): string | undefined {
  const match = FORMAT.exec(apiKey);
  if (!match) return undefined;
  const body = apiKey.slice(0, -CHECKSUM_LENGTH - 1);
  return checksum(body) === match[2] ? match[1] : undefined;
}

/** What stands in the place of the id, whether the rest is a key or not. */
export function keyIdIn(apiKey: string): string {
  return apiKey.slice(PREFIX.length, PREFIX.length + 2 * KEY_ID_BYTES);
}

/** What is stored of a key. A plain SHA-256 is enough: the secret is 256 random bits. */
export function hashKey(apiKey: string): Buffer {
  return hash('sha256', apiKey, 'buffer');
}

function checksum(body: string): string {
  return crc32(body).toString(16).padStart(CHECKSUM_LENGTH, '0');
}
