// What is stored of a JSON value: its text, within the limit that the operator set.
import { JobgateError } from '../contract/errors.ts';
import { JsonText } from '../contract/json-text.ts';

/** A limit and the environment variable that sets it. */
export interface TextLimit {
  what: 'payload' | 'result';
  variable: 'MAX_BODY_BYTES' | 'MAX_RESULT_BYTES';
  maxBytes: number;
}

/** Throws `payload_too_large`. REST bounds the body before; over tRPC this is the bound. */
export function boundedText(value: unknown, { what, variable, maxBytes }: TextLimit): JsonText {
  const text = JsonText.of(value);
  if (Buffer.byteLength(text.text) <= maxBytes) return text;
  throw new JobgateError(
    'payload_too_large',
    `The ${what} is over ${variable} (${maxBytes} bytes)`,
  );
}
