// The commands that the page shows: at this gateway, ready for a shell. The key stays outside of them.

/** A POST of JSON to a path of the API, with the key from the environment. */
export function curlOf(path: string, body: unknown): string {
  return continued([
    'curl -sS -X POST',
    '-H "x-api-key: $JOBGATE_API_KEY"',
    '-H "Content-Type: application/json"',
    `-d ${quoted(JSON.stringify(body))}`,
    `"${location.origin}${path}"`,
  ]);
}

/** One command over several lines. */
function continued(parts: string[]): string {
  return parts.join(' \\\n     ');
}

/** One word for a shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Starts a worker; it too takes its key from the environment. */
export function workerCommand(): string {
  return continued(['jobgate worker', '--handlers ./handlers.ts', `--url ${location.origin}`]);
}
