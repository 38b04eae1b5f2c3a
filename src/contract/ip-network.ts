// A network of IP addresses in CIDR notation, as an operator writes it.
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Its address and the length of its prefix in bits. */
export type IpNetwork = [address: ipaddr.IPv4 | ipaddr.IPv6, prefixLength: number];

/** Reads `10.0.0.0/8`, `fd00::/8`, or one address, `10.1.2.3` (RFC 4632, RFC 4291). */
export function readNetwork(text: string): IpNetwork | undefined {
  const [address = '', prefix, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return undefined;
  const bits = family === 4 ? 32 : 128;
  const length = prefix === undefined ? bits : readPrefix(prefix);
  return length <= bits ? [parseAddress(address), length] : undefined;
}

/** Parses what `isIP` takes. A zone (RFC 4007) is left out: it says which interface, not which address. */
export function parseAddress(text: string): IpNetwork[0] {
  return ipaddr.parse(text.includes(':') ? withoutDots(text.replace(/%.*/, '')) : text);
}

/** ipaddr.js takes `::127.0.0.1` for `::ffff:127.0.0.1`, which is another address. */
function withoutDots(text: string): string {
  const [, head, dotted] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text) ?? [];
  if (dotted === undefined) return text;
  const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number);
  return `${head}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

function readPrefix(text: string): number {
  return /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
}

/** Prefix that one customer of a network has at the least (RFC 6177). */
const IPV6_SITE_BITS = 64;

/** What tells hosts apart: an IPv4 address, or the first 64 bits of an IPv6 one; other text as one. */
export function addressBlock(address: string): string {
  const family = isIP(address);
  if (family === 0) return 'unknown';
  if (family === 4) return address;
  const parsed = ipaddr.process(parseAddress(address).toString());
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  return parsed.parts.slice(0, IPV6_SITE_BITS / 16).join(':');
}
