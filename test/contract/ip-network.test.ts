// Networks in CIDR notation: what is read, and that every notation of an address is the same address.
import { describe, expect, it } from 'vitest';
import { parseAddress, readNetwork } from '../../src/contract/ip-network.ts';

describe('readNetwork', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0', 8],
    ['10.1.2.3', '10.1.2.3', 32],
    ['0.0.0.0/0', '0.0.0.0', 0],
    ['::1', '::1', 128],
    ['FD00::/8', 'fd00::', 8],
    ['::ffff:10.0.0.0/104', '::ffff:a00:0', 104],
  ])('%s', (text, address, length) => {
    const [read, prefix] = readNetwork(text) ?? [];
    expect([read?.toString(), prefix]).toEqual([address, length]);
  });

  it.each([
    '',
    '/',
    '/8',
    '10/8',
    '10.0.0.0/',
    '10.0.0.0/33',
    '::/129',
    '::/1e1',
    'a',
    '1.2.3.4/8/8',
  ])('nothing of %j', (text) => {
    expect(readNetwork(text)).toBeUndefined();
  });
});

describe('parseAddress', () => {
  it.each([
    ['::127.0.0.1', '::7f00:1'],
    ['::ffff:127.0.0.1', '::ffff:7f00:1'],
    ['::ffff:0:255.255.255.255', '::ffff:0:ffff:ffff'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['1:2:3:4:5:6:7.8.9.10', '1:2:3:4:5:6:708:90a'],
    ['fe80::1.2.3.4%eth0', 'fe80::102:304'],
    ['fe80::1%eth0.5', 'fe80::1'],
    ['127.0.0.1', '127.0.0.1'],
  ])('%s is %s', (text, address) => {
    expect(parseAddress(text).toString()).toBe(address);
  });
});
