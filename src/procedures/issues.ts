// What was wrong with an input: zod's issues in our words, each with the path of its field.
import type { ZodError } from 'zod';
import type { Issue } from '../contract/errors.ts';

export function toIssues(error: ZodError): Issue[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code !== 'unrecognized_keys') {
      return { path: path.join('.'), message: inWords(issue.message) };
    }
    return issue.keys.map((key) => ({
      path: [...path, key].join('.'),
      message: 'Unknown property',
    }));
  });
}

function inWords(message: string): string {
  return message.endsWith('received undefined') ? 'Required' : message;
}
