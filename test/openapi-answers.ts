// Answers and requests held to the document: what is sent must be described in openapi.json.
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

interface Answer {
  status: number;
  headers: Headers;
  text: string;
  json: unknown;
}

const DOCUMENT = new URL('../openapi.json', import.meta.url);
const validators = new Map<string, ValidateFunction>();
let loaded: { document: any; ajv: Ajv2020 } | undefined;

/** Throws when the path is in the document, and this answer to it is not as described. */
export function assertDocumented(method: string, path: string, answer: Answer): void {
  const { document } = load();
  const route = path.split('?')[0] ?? '';
  const operation = document.paths[route]?.[method.toLowerCase()];
  if (!operation) return;
  const what = `${method} ${route} answered ${answer.status}`;
  const pointer = ['paths', route, method.toLowerCase(), 'responses', String(answer.status)];
  const response = follow(document, pointer);
  if (!response) throw new Error(`${what}, which openapi.json does not have: ${answer.text}`);
  assertBody(what, response, answer);
}

/** Throws when the document has no such operation, or not these headers or this body for it. */
export function assertDocumentedRequest(
  method: string,
  route: string,
  { headers, body }: { headers: Record<string, string>; body: unknown },
): void {
  const pointer = ['paths', route, method.toLowerCase()];
  const operation = follow(load().document, pointer)?.value;
  if (!operation) throw new Error(`openapi.json has no ${method} ${route}`);
  const known = (operation.parameters ?? []).map(({ name }: any) => name.toLowerCase());
  const unknown = Object.keys(headers).filter((name) => !known.includes(name.toLowerCase()));
  if (unknown.length > 0) throw new Error(`${method} ${route} has no header ${unknown.join()}`);
  assertRequestBody(`${method} ${route}`, pointer, body);
}

/** Throws when a webhook with this body and headers is not as described. */
export function assertDocumentedWebhook(body: unknown, headers: Record<string, unknown>): void {
  const pointer = ['webhooks', 'job-ended', 'post'];
  const { value } = follow(load().document, pointer)!;
  const missing = value.parameters.filter(({ name }: any) => !(name in headers));
  if (missing.length > 0) throw new Error(`The webhook lacks ${missing[0].name}`);
  assertRequestBody('The webhook', pointer, body);
}

function assertRequestBody(what: string, pointer: string[], body: unknown): void {
  const content = ['requestBody', 'content', 'application/json', 'schema'];
  const validate = validatorAt([...pointer, ...content]);
  if (!validate(body)) throw new Error(`${what}: ${JSON.stringify(validate.errors)}`);
}

function assertBody(what: string, response: { value: any; pointer: string[] }, answer: Answer) {
  const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
  const { content } = response.value;
  // 204 and 304 have no body.
  if (content === undefined && answer.text === '') return;
  if (content === undefined || !(type in content)) {
    throw new Error(
      `${what} as "${type}"; openapi.json has ${Object.keys(content ?? {}).join(', ')}`,
    );
  }
  if (type !== 'application/json') return;
  const validate = validatorAt([...response.pointer, 'content', type, 'schema']);
  if (validate(answer.json)) return;
  throw new Error(`${what} with another body: ${JSON.stringify(validate.errors)}\n${answer.text}`);
}

/** What the pointer leads to, through at most one `$ref`. */
function follow(document: any, pointer: string[]): { value: any; pointer: string[] } | undefined {
  const value = pointer.reduce((node, step) => node?.[step], document);
  if (value?.$ref === undefined) return value && { value, pointer };
  const target = String(value.$ref).replace('#/', '').split('/');
  return follow(document, target);
}

function validatorAt(pointer: string[]): ValidateFunction {
  const path = pointer.map((step) => step.replaceAll('~', '~0').replaceAll('/', '~1'));
  const ref = `openapi.json#/${path.map(encodeURIComponent).join('/')}`;
  const validate = validators.get(ref) ?? load().ajv.compile({ $ref: ref });
  validators.set(ref, validate);
  return validate;
}

function load(): { document: any; ajv: Ajv2020 } {
  if (loaded) return loaded;
  const document = JSON.parse(readFileSync(DOCUMENT, 'utf8'));
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, 'openapi.json');
  loaded = { document, ajv };
  return loaded;
}
