// Why a request brought no answer, in a sentence for people, from the codes of Node and undici.

const MAX_LENGTH = 300;

const CLOSED = 'closed the connection without an answer';
const UNREACHABLE = 'cannot be reached from here';
const SILENT = 'did not answer in time';

/** Completes "example.com …". */
const BY_CODE: Record<string, string> = {
  ENOTFOUND: 'is not a name that has an address',
  ENODATA: 'is not a name that has an address',
  EAI_AGAIN: 'could not be looked up: no name server answered',
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: CLOSED,
  EPIPE: CLOSED,
  UND_ERR_SOCKET: CLOSED,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  EADDRNOTAVAIL: UNREACHABLE,
  ETIMEDOUT: SILENT,
  UND_ERR_CONNECT_TIMEOUT: SILENT,
  UND_ERR_HEADERS_TIMEOUT: SILENT,
  UND_ERR_HEADERS_OVERFLOW: 'answered with headers that are too long',
  CERT_HAS_EXPIRED: 'has a TLS certificate that has expired',
  CERT_NOT_YET_VALID: 'has a TLS certificate that is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'has a TLS certificate that it signed itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'has a TLS certificate of an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'has a TLS certificate of an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'has a TLS certificate of an unknown authority',
  ERR_TLS_CERT_ALTNAME_INVALID: 'has a TLS certificate for another name',
};

export function describeSendFault(error: unknown, host: string): string {
  const { code = '', name, message } = toCoded(error);
  const known = BY_CODE[code] ?? byFamily(code, name);
  const sentence = known ? `${host} ${known}` : `${host} could not be sent to: ${message}`;
  return (code ? `${sentence} (${code})` : sentence).slice(0, MAX_LENGTH);
}

function byFamily(code: string, name: string): string | undefined {
  if (name === 'HTTPParserError') return 'did not answer in HTTP';
  if (code === 'EPROTO' || /^ERR_(SSL|TLS)_/.test(code)) return 'does not speak TLS as we do';
  return undefined;
}

/** Some codes are numbers, which say nothing to people. */
function toCoded(error: unknown): { code?: string; name: string; message: string } {
  if (!(error instanceof Error)) return { name: '', message: String(error) };
  const { code, name, message } = error as NodeJS.ErrnoException;
  return { ...(typeof code === 'string' && { code }), name, message };
}
