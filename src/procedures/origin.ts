// What all envelopes of this gateway have in common, from its services.
import type { Origin } from '../contract/status.ts';
import type { Services } from './trpc.ts';

export function originOf({ store, pid, buildNumber }: Services): Origin {
  return { queueId: store.queueId, pid, buildNumber };
}
