// The port: whether it can be had, found out without serving anything on it, and why not.
import { once } from 'node:events';
import { createServer } from 'node:net';

export type ListenFault = 'port_in_use' | 'port_forbidden' | 'address_unavailable';

export class ListenError extends Error {
  readonly fault: ListenFault;

  constructor(fault: ListenFault, message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'ListenError';
    this.fault = fault;
  }
}

export interface Address {
  host: string;
  port: number;
}

/** Rejects with ListenError when the address cannot be had. */
export async function assertPortFree({ host, port }: Address): Promise<void> {
  const probe = createServer();
  try {
    probe.listen({ host, port });
    await once(probe, 'listening');
  } catch (error) {
    throw toListenError({ host, port }, error);
  }
  probe.close();
  await once(probe, 'close');
}

const FAULTS: Record<string, [ListenFault, string]> = {
  EADDRINUSE: ['port_in_use', 'is in use: stop what listens there, or set PORT'],
  EACCES: ['port_forbidden', 'may not be used by this user: set PORT to 1024 or more'],
  EADDRNOTAVAIL: ['address_unavailable', 'is not an address of this machine: set HOST'],
  ENOTFOUND: ['address_unavailable', 'is not a name this machine knows: set HOST'],
  EAI_AGAIN: [
    'address_unavailable',
    'is a name that cannot be looked up now: mend the DNS, or set HOST to an address',
  ],
  EAFNOSUPPORT: [
    'address_unavailable',
    'is of a kind this machine does not have, as where IPv6 is off: set HOST',
  ],
  EINVAL: [
    'address_unavailable',
    'cannot be listened on: set HOST, and to fe80:… only with its zone, as in fe80::1%eth0',
  ],
};

/** Errors that are not about the address pass through. */
export function toListenError({ host, port }: Address, error: unknown): unknown {
  const known = FAULTS[(error as NodeJS.ErrnoException).code ?? ''];
  if (!known) return error;
  const [fault, text] = known;
  return new ListenError(fault, `Address ${host} port ${port} ${text}`, error);
}
