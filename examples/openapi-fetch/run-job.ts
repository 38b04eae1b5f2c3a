// Submits a job, waits for it and prints its result, every call typed from the gateway's document.
import createClient from 'openapi-fetch';
import type { paths } from './jobgate.d.ts';

type StatusAnswer =
  paths['/v1/toolkit/job/status']['post']['responses'][200]['content']['application/json'];
type State = StatusAnswer['response'];

const { JOBGATE_URL: baseUrl = 'http://127.0.0.1:8080', JOBGATE_API_KEY: key = '' } = process.env;
const [endpoint = '/v1/text/count', payload = '{"text": "one two three"}'] = process.argv.slice(2);

const jobgate = createClient<paths>({ baseUrl, headers: { 'x-api-key': key } });

/** The same key for every try: a call whose answer was lost does not become two jobs. */
async function submit(idempotencyKey: string): Promise<string> {
  const { data, error, response } = await jobgate.POST('/v1/toolkit/job/submit', {
    params: { header: { 'Idempotency-Key': idempotencyKey } },
    body: { endpoint, payload: JSON.parse(payload) as Record<string, unknown> },
  });
  if (error) throw new Error(`The submission was refused with ${response.status}: ${error.error}`);
  return data.job_id;
}

/** The state of a job that has ended; each call is held back until then, for 55 s at most. */
async function waitFor(jobId: string): Promise<State> {
  for (;;) {
    const { data, error, response } = await jobgate.POST('/v1/toolkit/job/status', {
      body: { job_id: jobId, wait_seconds: 55 },
    });
    if (error) throw new Error(`No status, ${response.status}: ${error.error}`);
    if (data.response.response) return data.response;
    say(`${jobId} is ${data.response.job_status}`);
  }
}

function report({ job_status: status, response: envelope }: State): number {
  if (status === 'done') {
    process.stdout.write(`${JSON.stringify(envelope?.response)}\n`);
    return 0;
  }
  say(`The job is ${status}: ${envelope?.message}`);
  return 1;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

try {
  process.exitCode = report(await waitFor(await submit(crypto.randomUUID())));
} catch (error) {
  say((error as Error).message);
  process.exitCode = 1;
}
