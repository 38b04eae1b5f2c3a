// A clock that a test holds: it stands still until it is told to go on, wall and monotonic apart.
import { expect } from 'vitest';
import type { Clock } from '../src/contract/clock.ts';
import { post } from './clients.ts';
import type { TestGateway } from './gateway.ts';

export class HeldClock implements Clock {
  #wall = 1_790_000_000_000;
  #monotonic = 5_000;

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  /** Lets time pass. */
  advance(seconds: number): void {
    this.#wall += seconds * 1000;
    this.#monotonic += seconds * 1000;
  }

  /** What an operator does who sets the machine's time; no time passes. */
  setWallBy(seconds: number): void {
    this.#wall += seconds * 1000;
  }
}

/** The job as job.get shows it, once the gateway's maintenance has brought it to this state. */
export async function jobOnceItIs(gateway: TestGateway, job_id: string, job_status: string) {
  const get = async () => (await post(gateway, 'read', 'job/get', { job_id })).json;
  const state = async () => ((await get()) as { job_status: string }).job_status;
  await expect.poll(state, { interval: 10, timeout: 10_000 }).toBe(job_status);
  return get();
}
