// Standard Webhooks: what is signed here is verified by the standard's own library.
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { mintWebhookSecret, signatureHeaders } from '../../src/webhooks/signature.ts';

const ID = '019ab6a4-5a1c-7cc3-9f6e-3d2b5f0c7a11';
const BODY = '{"response":"Ключ \\"1\\" 🎬","queue_time":0.0}';

describe('a secret', () => {
  it('is whsec_ and 32 bytes of base64, never the same', () => {
    const secret = mintWebhookSecret();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(Buffer.from(secret.slice(6), 'base64')).toHaveLength(32);
    expect(mintWebhookSecret()).not.toBe(secret);
  });
});

describe('the headers', () => {
  const [newest, before, other] = [mintWebhookSecret(), mintWebhookSecret(), mintWebhookSecret()];
  const message = { id: ID, at: Date.now(), body: BODY };

  it.each([newest, before])('are verified with each of two secrets', (secret) => {
    const headers = signatureHeaders(message, [newest, before]);
    expect(new Webhook(secret).verify(BODY, headers)).toEqual(JSON.parse(BODY));
    expect(headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/);
  });

  it('are not with another secret, body, id or time', () => {
    const headers = signatureHeaders(message, [newest, before]);
    const verify = (secret: string, body: string, changed: object) => () =>
      new Webhook(secret).verify(body, { ...headers, ...changed });
    expect(verify(newest, BODY, {})).not.toThrow();
    expect(verify(other, BODY, {})).toThrow(/No matching signature/);
    expect(verify(newest, `${BODY} `, {})).toThrow(/No matching signature/);
    expect(verify(newest, BODY, { 'webhook-id': 'x' })).toThrow(/No matching signature/);
    const later = String(Number(headers['webhook-timestamp']) + 1);
    expect(verify(newest, BODY, { 'webhook-timestamp': later })).toThrow(/No matching/);
  });

  it('are those that the library itself makes', () => {
    const at = new Date('2026-11-24T12:00:00.999Z');
    const headers = signatureHeaders({ id: ID, at: at.getTime(), body: BODY }, [newest]);
    expect(headers).toEqual({
      'webhook-id': ID,
      'webhook-timestamp': '1795521600',
      'webhook-signature': new Webhook(newest).sign(ID, at, BODY),
    });
  });
});
