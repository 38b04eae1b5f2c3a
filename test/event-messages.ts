// The messages of a response that is a stream of Server-Sent Events.
import { createParser, type EventSourceMessage } from 'eventsource-parser';

/** Those that are whole; comments are left out. Throws when the connection breaks. */
export async function* readMessages(
  response: Response,
): AsyncGenerator<EventSourceMessage, undefined> {
  const waiting: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => waiting.push(message) });
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    while (waiting.length > 0) yield waiting.shift()!;
  }
  return undefined;
}
