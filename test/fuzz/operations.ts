// The operations of openapi.json, as the fuzzing reads them.
import { readFileSync } from 'node:fs';

/** The JSON Schema of a request; `json-schema.ts` says which keywords are known. */
export interface Schema {
  type?: 'array' | 'boolean' | 'integer' | 'number' | 'object' | 'string';
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: unknown;
  items?: Schema;
  enum?: unknown[];
  pattern?: string;
  format?: 'uri' | 'uuid';
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
}

export interface Operation {
  /** Such as `job-status`. */
  id: string;
  method: 'GET' | 'POST';
  path: string;
  /** Of the body, or of the query as one object; undefined where the operation has neither. */
  input: Schema | undefined;
  needsInput: boolean;
  /** Answers without a key. */
  open: boolean;
  /** Such as `job.status`; undefined where tRPC has no twin of it. */
  procedure: string | undefined;
  /** By status: the documented headers, by their names in lower case. */
  headers: Record<string, Record<string, DocumentedHeader>>;
}

export interface DocumentedHeader {
  required?: boolean;
  schema: Schema;
}

const DOCUMENT = new URL('../../openapi.json', import.meta.url);
const document = JSON.parse(readFileSync(DOCUMENT, 'utf8'));

export const OPERATIONS: Operation[] = Object.entries<any>(document.paths).flatMap(
  ([path, methods]) =>
    Object.entries<any>(methods).map(([method, operation]) => read(path, method, operation)),
);

/** What a path of the document answers to. */
export function methodsOf(path: string): string[] {
  return Object.keys(document.paths[path]).map((method) => method.toUpperCase());
}

function read(path: string, method: string, operation: any): Operation {
  const content = operation.requestBody?.content['application/json'];
  const query = method === 'get' ? queryOf(operation.parameters ?? []) : undefined;
  const input = content?.schema ?? query;
  return {
    id: operation.operationId,
    method: method.toUpperCase() as Operation['method'],
    path,
    input,
    needsInput: operation.requestBody?.required ?? (query?.required?.length ?? 0) > 0,
    open: (operation.security ?? document.security).length === 0,
    procedure: procedureOf(path),
    headers: Object.fromEntries(Object.entries(operation.responses).map(headersOf)),
  };
}

function queryOf(parameters: any[]): Schema | undefined {
  const found = parameters.filter((parameter) => parameter.in === 'query');
  if (found.length === 0) return undefined;
  return {
    type: 'object',
    properties: Object.fromEntries(found.map(({ name, schema }) => [name, schema])),
    required: found.filter(({ required }) => required).map(({ name }) => name),
    additionalProperties: false,
  };
}

function procedureOf(path: string): string | undefined {
  if (path.endsWith('/authenticate')) return 'toolkit.authenticate';
  const [, noun, verb] = /^\/v1\/toolkit\/(\w+)\/(\w+)$/.exec(path) ?? [];
  return noun === undefined || verb === 'events' ? undefined : `${noun}.${verb}`;
}

function headersOf([status, response]: [string, any]) {
  const name = response.$ref?.split('/').at(-1);
  const { headers = {} } = name ? document.components.responses[name] : response;
  const entries = Object.entries<any>(headers);
  return [status, Object.fromEntries(entries.map(([key, value]) => [key.toLowerCase(), value]))];
}
