// The address guard: which addresses a webhook may be sent to. Public ones, and what the operator lists.
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';
import type { Clock } from '../contract/clock.ts';
import { parseAddress, readNetwork, type IpNetwork } from '../contract/ip-network.ts';

type Address = IpNetwork[0];

/** A hostile name may have hundreds: this many are named in a refusal. */
const MAX_NAMED = 8;

/** Asking for the addresses of this machine takes a quarter of a millisecond: a thousand jobs share it. */
const OWN_TTL_MS = 1000;

/** Where clouds keep their credentials; one of them is in the middle of the public Internet. */
const METADATA = ['169.254.169.254', '168.63.129.16', '100.100.100.200', '192.0.0.192']
  .concat('169.254.170.2', '169.254.170.23', 'fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254')
  .map((address) => ipaddr.parse(address).toString());

/** Of IPv6 only this has been given out: whatever lies elsewhere is not public. */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3');

const IPV4_COMPATIBLE = ipaddr.parseCIDR('::/96');

/** The ranges of ipaddr.js in words; those that are not here are reserved. */
const RANGES: Record<string, string> = {
  unspecified: 'an unspecified address',
  loopback: 'a loopback address',
  private: 'a private address',
  uniqueLocal: 'a private address',
  deprecatedSiteLocal: 'a private address',
  linkLocal: 'a link-local address',
  carrierGradeNat: 'an address of a carrier-grade NAT',
  multicast: 'a multicast address',
  broadcast: 'a broadcast address',
  ipv4Mapped: 'an IPv4-in-IPv6 address',
  rfc6145: 'an IPv4-in-IPv6 address',
  rfc6052: 'an IPv4-in-IPv6 address',
  '6to4': 'an IPv4-in-IPv6 address',
  teredo: 'an IPv4-in-IPv6 address',
};

export interface AddressGuardOptions {
  /** Networks and addresses, such as `127.0.0.0/8` and `::1`. Throws RangeError for anything else. */
  allow: readonly string[];
  clock: Clock;
  /** The addresses of this machine: behind its firewall, however public. Default: as the system says. */
  ownAddresses?: () => readonly string[];
}

export class AddressGuard {
  readonly #allow: readonly IpNetwork[];
  readonly #clock: Clock;
  readonly #readOwn: () => readonly string[];
  #own: { addresses: readonly string[]; until: number } | undefined;

  constructor({ allow, clock, ownAddresses = interfaceAddresses }: AddressGuardOptions) {
    this.#allow = allow.map(getNetwork);
    this.#clock = clock;
    this.#readOwn = ownAddresses;
  }

  permits(address: string): boolean {
    return this.#fault(address) === undefined;
  }

  /** Why `host` is not sent to if it stands for these addresses, in a sentence that says what to set. */
  refusal(host: string, addresses: readonly string[]): string | undefined {
    const refused = [...new Set(addresses)].flatMap((address) => {
      const kind = this.#fault(address);
      return kind === undefined ? [] : [{ address, kind }];
    });
    if (refused.length === 0) return undefined;
    const named = refused.slice(0, MAX_NAMED);
    return `${accuse(host, named)}: ${this.#remedy(named.map(({ address }) => address))}`;
  }

  /** What the address is that it may not be reached. */
  #fault(address: string): string | undefined {
    if (isIP(address) === 0) return 'not an IP address';
    const parsed = parseAddress(address);
    if (this.#lists(parsed)) return undefined;
    return (
      internalKind(parsed) ?? (this.#isOwn(address) ? 'an address of this machine' : undefined)
    );
  }

  #isOwn(address: string): boolean {
    const now = this.#clock.monotonic();
    if (!this.#own || now >= this.#own.until) {
      this.#own = { addresses: this.#readOwn(), until: now + OWN_TTL_MS };
    }
    return this.#own.addresses.includes(address);
  }

  #lists(address: Address): boolean {
    const forms = isMapped(address) ? [address, address.toIPv4Address()] : [address];
    return forms.some((form) => this.#allow.some((network) => isIn(form, network)));
  }

  /** The list is the operator's: who is refused does not learn what else is on it. */
  #remedy(addresses: readonly string[]): string {
    const missing = addresses.map(toNetwork).join(',');
    const step =
      this.#allow.length > 0 ? `add ${missing} to WEBHOOK_ALLOW` : `set WEBHOOK_ALLOW=${missing}`;
    return `to let webhooks reach it ${step}`;
  }
}

function accuse(host: string, refused: readonly { address: string; kind: string }[]): string {
  const [first] = refused;
  if (refused.length === 1 && first?.address === host) return `${host} is ${first.kind}`;
  const list = refused.map(({ address, kind }) => `${address}, ${kind}`);
  return `${host} stands for ${list.join(', and ')}`;
}

function internalKind(address: Address): string | undefined {
  if (METADATA.includes(address.toString())) return 'a metadata address';
  const range: string = address.range();
  if (range !== 'unicast') return RANGES[range] ?? 'a reserved address';
  if (!isIPv6(address)) return undefined;
  if (isIn(address, IPV4_COMPATIBLE) || isIsatap(address)) return 'an IPv4-in-IPv6 address';
  return isIn(address, GLOBAL_UNICAST) ? undefined : 'a reserved address';
}

function isIPv6(address: Address): address is ipaddr.IPv6 {
  return address.kind() === 'ipv6';
}

function isMapped(address: Address): address is ipaddr.IPv6 {
  return isIPv6(address) && address.isIPv4MappedAddress();
}

/** RFC 5214: an interface identifier of 5efe and the IPv4 address, in any network. */
function isIsatap({ parts }: ipaddr.IPv6): boolean {
  return (parts[4] === 0 || parts[4] === 0x200) && parts[5] === 0x5efe;
}

function isIn(address: Address, [network, length]: IpNetwork): boolean {
  return address.kind() === network.kind() && address.match(network, length);
}

/** The network of one address, without its zone. */
function toNetwork(address: string): string {
  return isIP(address) === 4 ? `${address}/32` : `${address.replace(/%.*/, '')}/128`;
}

function getNetwork(entry: string): IpNetwork {
  const network = readNetwork(entry);
  if (!network) throw new RangeError(`${entry} is neither a network nor an IP address`);
  return network;
}

function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((all = []) =>
    all.map(({ address }) => address),
  );
}
