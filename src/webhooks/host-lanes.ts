// The lanes: one for each host, so that one that hangs holds up nobody else, and whose turn it is.
import { isDue } from './schedule.ts';

/** At once to a host that answers. */
export const MAX_PER_HOST = 8;

/** A host that is being sent this much in bodies gets no more at the same time. */
const MAX_BYTES_PER_HOST = 16 * 1024 * 1024;

/** At once to all hosts. */
const MAX_SENDING = 256;

/** Of these, to hosts that have not answered: the rest is kept for those that do. */
const MAX_UNANSWERED = 192;

/** Bytes of bodies at once. One delivery always fits. */
const MAX_BYTES = 256 * 1024 * 1024;

export class HostLane {
  readonly host: string;
  /** When the first delivery that is not being sent is due, epoch milliseconds. */
  dueAt = Infinity;
  /** Those that are being sent, with the bytes of their bodies. */
  readonly sending = new Map<string, number>();
  /** Whether the last attempt was answered. If not, one is sent at a time. */
  isAnswering = false;

  constructor(host: string) {
    this.host = host;
  }

  /** Something is due then, or earlier. */
  heed(at: number): void {
    this.dueAt = Math.min(this.dueAt, at);
  }

  get isIdle(): boolean {
    return this.sending.size === 0 && this.dueAt === Infinity;
  }

  get hasRoom(): boolean {
    const bytes = [...this.sending.values()].reduce((sum, one) => sum + one, 0);
    return this.sending.size < (this.isAnswering ? MAX_PER_HOST : 1) && bytes < MAX_BYTES_PER_HOST;
  }
}

export class HostLanes {
  readonly #lanes = new Map<string, HostLane>();
  #sending = 0;
  #unanswered = 0;
  #bytes = 0;

  /** The host's lane, made if missing. */
  get(host: string): HostLane {
    const known = this.#lanes.get(host);
    if (known) return known;
    const lane = new HostLane(host);
    this.#lanes.set(host, lane);
    return lane;
  }

  /** Forgets a lane in which nothing is sent or waits. */
  drop(lane: HostLane): void {
    if (lane.isIdle) this.#lanes.delete(lane.host);
  }

  begin(lane: HostLane, deliveryId: string, bytes: number): void {
    this.#count(lane, 1, bytes);
    lane.sending.set(deliveryId, bytes);
  }

  end(lane: HostLane, deliveryId: string): void {
    this.#count(lane, -1, -(lane.sending.get(deliveryId) ?? 0));
    lane.sending.delete(deliveryId);
  }

  /** Whether the host has answered just now. */
  note(lane: HostLane, isAnswering: boolean): void {
    if (lane.isAnswering === isAnswering) return;
    lane.isAnswering = isAnswering;
    this.#unanswered += isAnswering ? -lane.sending.size : lane.sending.size;
  }

  /** Those with something due and room for it, who waits longest first. */
  ready(now: number): HostLane[] {
    const due = [...this.#lanes.values()].filter(
      (lane) => isDue(lane.dueAt, now) && this.hasRoom(lane),
    );
    return due.sort((a, b) => a.dueAt - b.dueAt);
  }

  /** When the next is due that has room; Infinity when none waits for time alone. */
  nextDueAt(): number {
    let next = Infinity;
    for (const lane of this.#lanes.values()) {
      if (lane.dueAt < next && this.hasRoom(lane)) next = lane.dueAt;
    }
    return next;
  }

  hasRoom(lane: HostLane): boolean {
    if (this.#sending >= MAX_SENDING || this.#bytes >= MAX_BYTES) return false;
    return lane.hasRoom && (lane.isAnswering || this.#unanswered < MAX_UNANSWERED);
  }

  #count(lane: HostLane, one: number, bytes: number): void {
    this.#sending += one;
    this.#bytes += bytes;
    if (!lane.isAnswering) this.#unanswered += one;
  }
}
