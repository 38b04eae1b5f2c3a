// The URL of a webhook: its rules, and the refusal of one that names an internal address outright.
import { isIP } from 'node:net';
import type { AddressGuard } from './address-guard.ts';

/** What `localhost` and its subdomains stand for, whatever a name server says (RFC 6761, 6.3). */
const LOOPBACK = ['127.0.0.1', '::1'];

export type ReadWebhookUrl = { url: URL; fault?: never } | { url?: never; fault: string };

/** Reads it as browsers do (WHATWG URL), which brings every notation of an address into one. */
export function readWebhookUrl(text: string): ReadWebhookUrl {
  if (/[\s\p{Cc}]/u.test(text)) return { fault: 'Must not hold spaces or control characters' };
  const url = URL.parse(text);
  if (!url) return { fault: 'Must be a URL such as https://example.com/hooks' };
  if (!/^https?:$/.test(url.protocol)) return { fault: 'Must be an http or https URL' };
  if (url.username || url.password) return { fault: 'Must not hold a user name or a password' };
  if (url.port === '0') return { fault: 'Must not name port 0' };
  return { url };
}

/** The host without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

/** The addresses of a host that need no look-up. */
export function literalAddresses(host: string, guard: AddressGuard): string[] | undefined {
  if (isIP(host) > 0) return [host];
  if (!/(^|\.)localhost\.?$/.test(host)) return undefined;
  const permitted = LOOPBACK.filter((address) => guard.permits(address));
  return permitted.length > 0 ? permitted : LOOPBACK;
}

/** What is wrong with the URL as far as it shows without a look-up. */
export function webhookUrlFault(text: string, guard: AddressGuard): string | undefined {
  const { url, fault } = readWebhookUrl(text);
  if (!url) return fault;
  const host = hostOf(url);
  return guard.refusal(host, literalAddresses(host, guard) ?? []);
}
