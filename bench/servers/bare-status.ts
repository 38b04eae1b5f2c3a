// The yardstick of status reads: a bare Fastify route with hand-written SQL, no key, no checks.
import Database from 'better-sqlite3';
import fastify from 'fastify';

const { PORT, DATABASE_PATH, BUILD_NUMBER } = process.env;

const sqlite = new Database(DATABASE_PATH, { readonly: true });
sqlite.pragma('cache_size = -32768'); // As large as the gateway's.

interface Row {
  job_id: string;
  id: string | null;
  endpoint: string;
  status: string;
  worker_pid: number | null;
  end_code: number;
  end_message: string;
  end_pid: number;
  end_total_ms: number;
  end_run_ms: number;
  end_queue_length: number;
  end_build_number: string;
  result: string;
}

const queueId = Number(
  sqlite.prepare("select value from meta where key = 'queue_id'").pluck().get(),
);
const findJob = sqlite.prepare<[string], Row>(
  `select job_id, id, endpoint, status, worker_pid, end_code, end_message, end_pid, end_total_ms,
     end_run_ms, end_queue_length, end_build_number, result
   from jobs where job_id = ? and tenant = 'default'`,
);
const findQueueLength = sqlite
  .prepare<[], number>(
    `select n from counters
     where tenant = 'default' and endpoint = '' and status = 'queued' and ready = 1`,
  )
  .pluck();

const seconds = (ms: number) => Math.round(ms) / 1000;

function resultEnvelope(row: Row) {
  return {
    endpoint: row.endpoint,
    code: row.end_code,
    id: row.id,
    job_id: row.job_id,
    response: JSON.parse(row.result) as unknown,
    message: row.end_message,
    pid: row.end_pid,
    queue_id: queueId,
    run_time: seconds(row.end_run_ms),
    queue_time: seconds(row.end_total_ms - row.end_run_ms),
    total_time: seconds(row.end_total_ms),
    queue_length: row.end_queue_length,
    build_number: row.end_build_number,
  };
}

const app = fastify();

app.post<{ Body: { job_id: string } }>('/v1/toolkit/job/status', (request, reply) => {
  const startedAt = performance.now();
  const jobId = request.body.job_id;
  const row = findJob.get(jobId);
  if (!row) return reply.code(404).send({ error: 'Job not found', job_id: jobId });
  const response = {
    job_status: row.status,
    job_id: row.job_id,
    queue_id: queueId,
    process_id: row.worker_pid ?? process.pid,
    response: row.end_code === null ? null : resultEnvelope(row),
  };
  const runTime = seconds(performance.now() - startedAt);
  return reply.send({
    endpoint: '/v1/toolkit/job/status',
    code: 200,
    id: null,
    job_id: jobId,
    response,
    message: 'success',
    pid: process.pid,
    queue_id: queueId,
    run_time: runTime,
    queue_time: 0,
    total_time: runTime,
    queue_length: findQueueLength.get() ?? 0,
    build_number: BUILD_NUMBER,
  });
});

await app.listen({ host: '127.0.0.1', port: Number(PORT) });
