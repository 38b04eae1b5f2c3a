// The address guard: which addresses are public, what the list of the operator lets through, what a refusal says.
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/cli/system-clock.ts';
import { AddressGuard } from '../../src/webhooks/address-guard.ts';
import { FakeClock } from '../fake-clock.ts';

const guardWith = (allow: readonly string[]) => new AddressGuard({ allow, clock: systemClock });

const guard = guardWith([]);

describe('a public address', () => {
  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '93.184.215.14',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '169.255.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2001:4860:4860::8888',
    '2606:4700:4700::1111',
    '2606:2800:21f:cb07:6820:80da:af6b:8b2c',
    '2a00:1450:4001:81b::200e',
  ])('%s is permitted', (address) => {
    expect(guard.refusal(address, [address])).toBeUndefined();
  });
});

describe('what it is that is refused', () => {
  it.each([
    ['127.0.0.1', 'a loopback address'],
    ['::1', 'a loopback address'],
    ['0.0.0.0', 'an unspecified address'],
    ['0.255.255.255', 'an unspecified address'],
    ['::', 'an unspecified address'],
    ['10.0.0.0', 'a private address'],
    ['172.16.0.0', 'a private address'],
    ['192.168.255.255', 'a private address'],
    ['fc00::', 'a private address'],
    ['fec0::1', 'a private address'],
    ['169.254.1.1', 'a link-local address'],
    ['fe80::1', 'a link-local address'],
    ['fe80::1%eth0', 'a link-local address'],
    ['169.254.169.254', 'a metadata address'],
    ['168.63.129.16', 'a metadata address'],
    ['100.100.100.200', 'a metadata address'],
    ['192.0.0.192', 'a metadata address'],
    ['fd00:ec2::254', 'a metadata address'],
    ['100.64.0.1', 'an address of a carrier-grade NAT'],
    ['224.0.0.1', 'a multicast address'],
    ['ff02::1', 'a multicast address'],
    ['255.255.255.255', 'a broadcast address'],
    ['198.19.255.255', 'a reserved address'],
    ['203.0.113.7', 'a reserved address'],
    ['240.0.0.1', 'a reserved address'],
    ['2001:db8::1', 'a reserved address'],
    ['3fff::1', 'a reserved address'],
    ['1::1', 'a reserved address'],
    ['e000::1', 'a reserved address'],
    ['::ffff:1.1.1.1', 'an IPv4-in-IPv6 address'],
    ['::1.1.1.1', 'an IPv4-in-IPv6 address'],
    ['::ffff:0:1.1.1.1', 'an IPv4-in-IPv6 address'],
    ['64:ff9b::1.1.1.1', 'an IPv4-in-IPv6 address'],
    ['64:ff9b:1:ffff::7f00:1', 'an IPv4-in-IPv6 address'],
    ['2002:101:101::', 'an IPv4-in-IPv6 address'],
    ['2001:0:101:101::', 'an IPv4-in-IPv6 address'],
    ['2a00:1450::5efe:7f00:1', 'an IPv4-in-IPv6 address'],
    ['2a00:1450::200:5efe:7f00:1', 'an IPv4-in-IPv6 address'],
    ['example.com', 'not an IP address'],
    ['0x7f.1', 'not an IP address'],
    ['', 'not an IP address'],
  ])('%s is %s', (address, kind) => {
    expect(guard.refusal(address, [address])).toMatch(`${address} is ${kind}: `);
  });

  it('an address of this machine, however public', () => {
    const clock = new FakeClock();
    let ownAddresses = ['1.1.1.1', '2606:4700:4700::1111'];
    const guardOf = (allow: string[]) =>
      new AddressGuard({ allow, clock, ownAddresses: () => ownAddresses });
    const own = guardOf([]);
    expect(own.refusal('1.1.1.1', ['1.1.1.1'])).toBe(
      '1.1.1.1 is an address of this machine: to let webhooks reach it set WEBHOOK_ALLOW=1.1.1.1/32',
    );
    expect(own.permits('2606:4700:4700::1111')).toBe(false);
    expect(own.permits('8.8.8.8')).toBe(true);
    expect(guardOf(['1.1.1.1']).permits('1.1.1.1')).toBe(true);
    ownAddresses = ['8.8.8.8'];
    clock.advance(1000);
    expect([own.permits('8.8.8.8'), own.permits('1.1.1.1')]).toEqual([false, true]);
  });
});

describe('what WEBHOOK_ALLOW lists', () => {
  it.each([
    ['127.0.0.0/8', '127.255.255.255'],
    ['127.0.0.1', '127.0.0.1'],
    ['10.1.2.3/8', '10.255.0.1'],
    ['0.0.0.0/0', '192.168.1.1'],
    ['::1', '::1'],
    ['::/0', 'fd00::1'],
    ['fe80::/10', 'fe80::1%eth0'],
    ['127.0.0.1', '::ffff:127.0.0.1'],
    ['::ffff:127.0.0.1', '::ffff:7f00:1'],
    ['64:ff9b::/96', '64:ff9b::a00:1'],
    ['169.254.169.254', '169.254.169.254'],
  ])('%s lets %s through', (network, address) => {
    expect(guard.permits(address)).toBe(false);
    expect(guardWith([network]).permits(address)).toBe(true);
  });

  it.each([
    ['127.0.0.1', '127.0.0.2'],
    ['10.0.0.0/9', '10.128.0.0'],
    ['0.0.0.0/0', '::1'],
    ['::/0', '127.0.0.1'],
    ['127.0.0.0/8', '::1'],
    ['127.0.0.0/8', '64:ff9b::7f00:1'],
    ['127.0.0.0/8', '::127.0.0.1'],
  ])('%s does not let %s through', (network, address) => {
    expect(guardWith([network]).permits(address)).toBe(false);
  });

  it.each(['', 'localhost', '10.0.0.0/33', '127.1'])('must not be %j', (entry) => {
    expect(() => guardWith([entry])).toThrow(RangeError);
  });
});

describe('a refusal', () => {
  it('names each address of a name that is refused, and not the others', () => {
    expect(guard.refusal('a.example', ['1.1.1.1', '10.0.0.5', '::1', '10.0.0.5'])).toBe(
      'a.example stands for 10.0.0.5, a private address, and ::1, a loopback address: ' +
        'to let webhooks reach it set WEBHOOK_ALLOW=10.0.0.5/32,::1/128',
    );
  });

  it('does not tell what else is listed', () => {
    expect(guardWith(['10.0.0.0/8']).refusal('::1', ['::1'])).toBe(
      '::1 is a loopback address: to let webhooks reach it add ::1/128 to WEBHOOK_ALLOW',
    );
  });

  it('gives a network that can be set, without a zone', () => {
    expect(guard.refusal('a.example', ['fe80::1%eth0'])).toMatch(/WEBHOOK_ALLOW=fe80::1\/128$/);
  });

  it('stays short for a name with hundreds of addresses', () => {
    const many = Array.from({ length: 500 }, (_, n) => `10.0.${n >> 8}.${n & 255}`);
    expect(guard.refusal('a.example', many)?.length).toBeLessThan(600);
  });
});
