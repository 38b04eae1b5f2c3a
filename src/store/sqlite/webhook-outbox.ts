// The outbox: the delivery that a job's end makes, in the transaction that ends it.
import { V7Generator } from 'uuidv7';
import { webhookDeliveries } from '../../../db/schema.ts';
import type { JobEnd } from '../../contract/job.ts';
import type { EndStatus } from '../../contract/webhook.ts';
import type { Transaction } from './group-commit.ts';
import { damaged, toEnd, type JobRow } from './job-row.ts';
import { lazily, param, type Session } from './session.ts';

type Ending = Omit<JobEnd, 'result'>;

export class WebhookOutbox {
  readonly #session: Session;
  readonly #insert: () => ReturnType<typeof prepareInsert>;
  readonly #ids = new V7Generator();

  constructor(session: Session) {
    this.#session = session;
    this.#insert = lazily(() => prepareInsert(session));
  }

  /** Of a job that has just ended; nothing where it has no address. */
  add(tx: Transaction, ended: JobRow, jobStatus: EndStatus): void {
    const { seq: jobSeq, tenant, webhookUrl: url } = ended;
    const end = url === null ? null : toEnd(ended);
    if (url === null || end === null) return;
    const now = this.#session.options.clock.now();
    const host = hostOf(url);
    this.#insert().run({
      deliveryId: this.#ids.generate().toString(),
      tenant,
      jobSeq,
      url,
      host,
      jobStatus,
      ending: toText(end),
      now,
    });
    tx.afterCommit(() => this.#session.announceWebhook({ host, nextAttemptAt: now }));
  }
}

/** What is no URL fails when it is sent, and says so. */
function hostOf(url: string): string {
  return URL.parse(url)?.host ?? '';
}

interface EndingText {
  code: number;
  message: string;
  pid: number;
  total_ms: number;
  run_ms: number;
  queue_length: number;
  build_number: string;
}

function toText({ code, message, pid, totalMs, runMs, queueLength, buildNumber }: Ending): string {
  const text: EndingText = {
    code,
    message,
    pid,
    total_ms: totalMs,
    run_ms: runMs,
    queue_length: queueLength,
    build_number: buildNumber,
  };
  return JSON.stringify(text);
}

/** The end as the outbox keeps it. Throws `internal` when it is damaged. */
export function readEnding(text: string): Ending {
  const { code, message, pid, ...rest } = parseEnding(text);
  return {
    code,
    message,
    pid,
    totalMs: rest.total_ms,
    runMs: rest.run_ms,
    queueLength: rest.queue_length,
    buildNumber: rest.build_number,
  };
}

function parseEnding(text: string): EndingText {
  try {
    return JSON.parse(text) as EndingText;
  } catch {
    throw damaged('end');
  }
}

function prepareInsert({ orm }: Session) {
  return orm
    .insert(webhookDeliveries)
    .values({
      deliveryId: param('deliveryId'),
      tenant: param('tenant'),
      jobSeq: param('jobSeq'),
      url: param('url'),
      host: param('host'),
      jobStatus: param('jobStatus'),
      ending: param('ending'),
      state: 'pending',
      attempts: 0,
      step: 0,
      nextAttemptAt: param('now'),
      createdAt: param('now'),
    })
    .prepare();
}
