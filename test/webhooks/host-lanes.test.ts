// The lanes: what one host, and all that do not answer, may hold of what there is.
import { describe, expect, it } from 'vitest';
import { HostLanes, type HostLane } from '../../src/webhooks/host-lanes.ts';

const MIB = 1024 * 1024;
const NOW = 1_795_521_600_000;

/** Sends as many as there is room for; gives how many that were. */
function fill(lanes: HostLanes, lane: HostLane, bytes = 100): number {
  let count = 0;
  for (; lanes.hasRoom(lane); count += 1) lanes.begin(lane, `${lane.host} ${count}`, bytes);
  return count;
}

function answering(lanes: HostLanes, host: string): HostLane {
  const lane = lanes.get(host);
  lanes.note(lane, true);
  return lane;
}

describe('one host', () => {
  it('has one lane', () => {
    const lanes = new HostLanes();
    expect(lanes.get('a')).toBe(lanes.get('a'));
    expect(lanes.get('a')).not.toBe(lanes.get('b'));
  });

  it('is sent one at a time until it answers, then eight, then one again', () => {
    const lanes = new HostLanes();
    const lane = lanes.get('a');
    expect(fill(lanes, lane)).toBe(1);
    lanes.note(lane, true);
    lanes.end(lane, 'a 0');
    expect(fill(lanes, lane)).toBe(8);
    lanes.note(lane, false);
    for (let i = 0; i < 7; i += 1) lanes.end(lane, `a ${i}`);
    expect(lanes.hasRoom(lane)).toBe(false);
    lanes.end(lane, 'a 7');
    expect(fill(lanes, lane)).toBe(1);
  });

  it('with large bodies is sent fewer, but always one', () => {
    const lanes = new HostLanes();
    expect(fill(lanes, answering(lanes, 'a'), 6 * MIB)).toBe(3);
    expect(fill(lanes, answering(lanes, 'b'), 64 * MIB)).toBe(1);
  });

  it('is forgotten when nothing waits and nothing is sent', () => {
    const lanes = new HostLanes();
    const lane = answering(lanes, 'a');
    lanes.begin(lane, 'one', 1);
    lanes.drop(lane);
    expect(lanes.get('a')).toBe(lane);
    lanes.end(lane, 'one');
    lane.heed(NOW);
    lanes.drop(lane);
    expect(lanes.get('a')).toBe(lane);
    lane.dueAt = Infinity;
    lanes.drop(lane);
    expect(lanes.get('a')).not.toBe(lane);
  });
});

describe('all hosts', () => {
  it('that do not answer leave room for one that does', () => {
    const lanes = new HostLanes();
    const silent = Array.from({ length: 300 }, (_, i) => lanes.get(`silent-${i}`));
    expect(silent.reduce((sum, lane) => sum + fill(lanes, lane), 0)).toBe(192);
    expect(fill(lanes, answering(lanes, 'well'))).toBe(8);
    lanes.end(silent[0]!, 'silent-0 0');
    expect(fill(lanes, silent[299]!)).toBe(1);
  });

  it('that fall silent while they are sent to count as such', () => {
    const lanes = new HostLanes();
    const once = Array.from({ length: 24 }, (_, i) => answering(lanes, `once-${i}`));
    for (const lane of once) fill(lanes, lane);
    expect(fill(lanes, lanes.get('new'))).toBe(1);
    for (const lane of once) lanes.note(lane, false);
    expect(fill(lanes, lanes.get('newer'))).toBe(0);
    for (const lane of once) for (let i = 0; i < 8; i += 1) lanes.end(lane, `${lane.host} ${i}`);
    expect(fill(lanes, lanes.get('newer'))).toBe(1);
  });

  it('hold 256 at the most, and 256 MiB', () => {
    const many = new HostLanes();
    const each = Array.from({ length: 40 }, (_, i) => fill(many, answering(many, `host-${i}`)));
    expect(each.reduce((sum, one) => sum + one, 0)).toBe(256);
    const large = new HostLanes();
    const sent = Array.from({ length: 40 }, (_, i) =>
      fill(large, answering(large, `host-${i}`), 16 * MIB),
    );
    expect(sent.reduce((sum, one) => sum + one, 0)).toBe(16);
  });

  it('take turns by how long they wait', () => {
    const lanes = new HostLanes();
    lanes.get('later').heed(NOW + 1);
    lanes.get('second').heed(NOW - 1);
    lanes.get('first').heed(NOW - 2);
    lanes.get('idle');
    expect(lanes.ready(NOW).map(({ host }) => host)).toEqual(['first', 'second']);
    expect(lanes.nextDueAt()).toBe(NOW - 2);
    for (const lane of lanes.ready(NOW)) fill(lanes, lane);
    expect(lanes.ready(NOW)).toEqual([]);
    expect(lanes.nextDueAt()).toBe(NOW + 1);
  });
});
