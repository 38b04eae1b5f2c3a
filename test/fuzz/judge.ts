// The judge: what is wrong with an answer, by the document and by what no answer may ever hold.
import { assertDocumented } from '../openapi-answers.ts';
import { OPERATIONS, type Operation } from './operations.ts';
import type { FuzzRequest } from './requests.ts';
import type { FuzzAnswer } from './sender.ts';
import { allows } from './wrong-values.ts';
import { MARKER } from './world.ts';

const MAX_MS = 1000;

/** Of the inside: paths, SQL, stacks, pages of a framework. */
const INSIDES: readonly RegExp[] = [
  /node_modules|node:internal|file:\/\/\//,
  /\.[jt]s:\d/,
  /(^|[^\w])src\/\w/,
  /\/(work|tmp|home|usr)\/|jobgate-test-/,
  /\b(SELECT|DELETE) [^"]*FROM |INSERT INTO |UPDATE \w+ SET|SQLITE_|[Ss]qlite/,
  /(^|\n|\\n) {2,}at \S/,
  /\b(TypeError|RangeError|ReferenceError|SyntaxError|ZodError|TRPCError|FST_ERR|ERR_)/,
  /<html|<!DOCTYPE/i,
];

/** Those that say something of one answer: where they are not documented they mislead. */
const TELLING_HEADERS = new Set(
  OPERATIONS.flatMap(({ headers }) => Object.values(headers).flatMap(Object.keys)),
);
// Every answer has it; it is documented where it says more than that nothing is kept.
TELLING_HEADERS.delete('cache-control');

/** What a value that fits its schema may still be refused for, by the path of the issue. */
const EXCUSED: Record<string, RegExp> = {
  'keys-create': /^expires_at$/,
  // A key that was revoked in the meantime.
  'keys-rotate': /^(key_id|expires_at)$/,
  'jobs-list': /^cursor$/,
  'audit-list': /^cursor$/,
};

export interface Judged {
  operation: Operation;
  /** As it was sent: with real ids in it. */
  request: FuzzRequest;
  answer: FuzzAnswer;
  /** Of its time, milliseconds in which the event loop was busy or starved. */
  lateMs: number;
}

/** One sentence for each fault. */
export function faultsOf(judged: Judged): string[] {
  const isTrpc = judged.request.path.startsWith('/trpc');
  return [
    ...(isTrpc ? trpcFaults(judged) : [...documentFaults(judged), ...expectedFaults(judged)]),
    ...insideFaults(judged),
    ...timeFaults(judged),
  ];
}

function documentFaults({ operation, request, answer }: Judged): string[] {
  // No operation has this method: what is said then is the same for all.
  if (answer.status === 405) return notAllowedFaults(request, answer);
  try {
    assertDocumented(request.method, request.path, answer);
  } catch (error) {
    return [(error as Error).message];
  }
  return headerFaults(operation, answer);
}

function notAllowedFaults({ method }: FuzzRequest, { headers, json }: FuzzAnswer): string[] {
  const isOurs = json?.code === 405 && typeof json.error === 'string';
  if (!isOurs && method !== 'HEAD') return ['405 with another body'];
  return headers.get('allow') ? [] : ['405 without Allow'];
}

function headerFaults({ headers: documented }: Operation, { status, headers }: FuzzAnswer) {
  const known = documented[status] ?? {};
  const missing = Object.entries(known)
    .filter(([name, { required }]) => required && !headers.has(name))
    .map(([name]) => `the header ${name} is missing`);
  const others = [...headers].flatMap(([name, value]) => {
    if (!known[name])
      return TELLING_HEADERS.has(name) ? [`the header ${name} is not documented`] : [];
    const { schema } = known[name];
    const isRight = allows(schema, schema.type === 'integer' ? Number(value) : value);
    return isRight ? [] : [`the header ${name} is "${value}"`];
  });
  return [...missing, ...others];
}

function expectedFaults(judged: Judged): string[] {
  const { request, answer } = judged;
  const { expected } = request;
  // Refused for its size, before anything else is looked at.
  if (isHuge(request)) return [];
  if (expected.answer === 'taken') return takenFaults(judged);
  if (expected.answer === 'refused') return refusedFaults(answer, expected.place);
  if (expected.answer === 'any' || answer.status === expected.status) return [];
  return [`not ${expected.status}`];
}

/** Of the head of the request, as the gateway limits it: with a margin for what is not counted. */
function isHuge({ path, headers }: FuzzRequest): boolean {
  return path.length + headers.join().length > 11_000;
}

function takenFaults({ operation: { id }, answer }: Judged): string[] {
  if (![400, 401, 403, 413, 415].includes(answer.status)) return [];
  const issues: { path: string }[] = answer.json?.issues ?? [];
  const excused = EXCUSED[id];
  const isExcused = issues.length > 0 && issues.every(({ path }) => excused?.test(path));
  return isExcused ? [] : ['a right request was refused'];
}

function refusedFaults({ status, json }: FuzzAnswer, place: string): string[] {
  if (status !== 400) return [`not 400, though "${place.slice(0, 50)}" is wrong`];
  const paths: string[] = (json?.issues ?? []).map(({ path }: { path: string }) => path);
  const isNamed = paths.some(
    (path) => place === '' || path === place.slice(0, 255) || path.startsWith(`${place}.`),
  );
  return isNamed ? [] : [`"${place.slice(0, 50)}" is not named`];
}

/** Each part of its answer is a result or an error, whose status is that of the whole or 207. */
function trpcFaults({ request, answer }: Judged): string[] {
  if (isHuge(request)) return [];
  const parts: any[] = Array.isArray(answer.json) ? answer.json : [answer.json];
  const areWhole = parts.every((part) => part?.result !== undefined || isTrpcError(part?.error));
  return areWhole ? [] : ['neither a result nor an error of tRPC'];
}

function isTrpcError(error: any): boolean {
  return typeof error?.message === 'string' && typeof error.data?.httpStatus === 'number';
}

function insideFaults({ request, answer }: Judged): string[] {
  const found = INSIDES.flatMap((inside) => inside.exec(answer.text)?.[0] ?? []);
  const isFailure = answer.status >= 500;
  const isOthers = request.key !== 'own' && answer.text.includes(MARKER);
  return [
    ...(isFailure ? [`a failure: ${answer.status}`] : []),
    ...(found.length > 0 ? [`of the inside: ${found.join(', ')}`] : []),
    ...(isOthers ? ["another tenant's data"] : []),
  ];
}

/** A wait of one second, in a body, a query, a header or the input of tRPC. */
const WAITS = /wait(_seconds)?("|%22)?[=:]1|wait_seconds%22%3A1/;

function timeFaults({ request, answer, lateMs }: Judged): string[] {
  const { path, body = '', headers } = request;
  const waits = [path, ...headers, String(body)].some((text) => WAITS.test(text));
  const ms = answer.ms - lateMs;
  const isSlow = ms > (waits ? 2 * MAX_MS : MAX_MS);
  return isSlow ? [`${Math.round(ms)} ms without the ${Math.round(lateMs)} of lag`] : [];
}
