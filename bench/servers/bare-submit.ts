// The yardstick of submits: a bare Fastify route that commits one job a request, synchronous=FULL.
import { randomUUID } from 'node:crypto';
import Database from 'better-sqlite3';
import fastify from 'fastify';

const { PORT, DATABASE_PATH, BUILD_NUMBER } = process.env;

const sqlite = new Database(DATABASE_PATH);
sqlite.pragma('journal_mode = WAL');
sqlite.pragma('synchronous = FULL');
sqlite.exec(`
  create table jobs (
    seq integer primary key, job_id text not null unique, tenant text not null, id text,
    endpoint text not null, status text not null, priority integer not null,
    attempts integer not null, max_attempts integer not null, run_at integer not null,
    created_at integer not null, started_at integer, ended_at integer, result text
  ) strict;
  create index jobs_waiting on jobs (status, endpoint, priority, run_at);
  create table job_payloads (seq integer primary key references jobs (seq), payload text not null) strict;
`);

const addJob = sqlite.prepare(
  `insert into jobs (job_id, tenant, id, endpoint, status, priority, attempts, max_attempts, run_at, created_at)
   values (?, 'default', ?, ?, 'queued', 0, 0, 3, ?, ?)`,
);
const addPayload = sqlite.prepare('insert into job_payloads (seq, payload) values (?, ?)');

interface Submission {
  endpoint: string;
  id?: string;
  payload: object;
}

const insert = sqlite.transaction(({ endpoint, id, payload }: Submission): string => {
  const jobId = randomUUID();
  const now = Date.now();
  const { lastInsertRowid } = addJob.run(jobId, id ?? null, endpoint, now, now);
  addPayload.run(lastInsertRowid, JSON.stringify(payload));
  return jobId;
});

let queueLength = 0;
const app = fastify();

app.post<{ Body: Submission }>('/v1/toolkit/job/submit', (request, reply) => {
  const jobId = insert(request.body);
  queueLength += 1;
  return reply.code(202).send({
    code: 202,
    id: request.body.id ?? null,
    job_id: jobId,
    message: 'processing',
    pid: process.pid,
    queue_id: 1,
    max_queue_length: 'unlimited',
    queue_length: queueLength,
    build_number: BUILD_NUMBER,
  });
});

await app.listen({ host: '127.0.0.1', port: Number(PORT) });
