// What was wrong with an input: zod's issues in our words, each with the path of its field.
import type { ZodError } from 'zod';
import type { Issue } from '../contract/errors.ts';

/** A body of nothing but faults must not get an answer many times its size. */
export const MAX_ISSUES = 20;
const MAX_PATH_LENGTH = 255;

export function toIssues(error: ZodError): Issue[] {
  return error.issues.flatMap(toOurs).slice(0, MAX_ISSUES);
}

function toOurs(issue: ZodError['issues'][number]): Issue[] {
  if (issue.code !== 'unrecognized_keys') {
    return [{ path: dotted(issue.path), message: inWords(issue) }];
  }
  const keys = issue.keys.slice(0, MAX_ISSUES);
  return keys.map((key) => ({ path: dotted([...issue.path, key]), message: 'Unknown property' }));
}

function dotted(path: readonly PropertyKey[]): string {
  return path.map(String).join('.').slice(0, MAX_PATH_LENGTH);
}

function inWords({ message, path }: ZodError['issues'][number]): string {
  if (!message.endsWith('received undefined')) return message;
  return path.length > 0 ? 'Required' : 'The body is missing: send a JSON object';
}
