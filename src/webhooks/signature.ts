// Standard Webhooks 1.0: the secrets, and the headers by which a receiver knows who sent what, and when.
import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';

/** The standard asks for 24 to 64. */
const SECRET_BYTES = 32;

/** A new signing secret: `whsec_` and 32 random bytes in base64. */
export function mintWebhookSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

export interface Message {
  /** `webhook-id`: the same with every attempt. */
  id: string;
  /** When it is sent, epoch milliseconds: receivers refuse what is more than minutes old. */
  at: number;
  body: string;
}

/** `webhook-id`, `webhook-timestamp`, and `webhook-signature` with one signature for each secret. */
export function signatureHeaders(
  { id, at, body }: Message,
  secrets: readonly string[],
): Record<string, string> {
  const timestamp = Math.floor(at / 1000);
  const content = `${id}.${timestamp}.${body}`;
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': secrets.map((secret) => `v1,${sign(content, secret)}`).join(' '),
  };
}

function sign(content: string, secret: string): string {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  return createHmac('sha256', key).update(content).digest('base64');
}
