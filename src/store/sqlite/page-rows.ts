// The rows in one page of a database, decoded without SQLite: what a damaged file can still give.

export type Value = number | string | Buffer | null;

export interface PageRow {
  /** Undefined in a table WITHOUT ROWID. */
  rowid: number | undefined;
  values: Value[];
}

/** The content of an overflow page; undefined when it is lost. */
export type ReadPage = (number: number) => Buffer | undefined;

const TABLE_LEAF = 0x0d;
const INDEX_LEAF = 0x0a;
const INDEX_INNER = 0x02;

/** Page 1 begins with the header of the file. */
const FILE_HEADER_BYTES = 100;

/** Every whole row of the page; `onLost` is called for each that is not. Other pages have none. */
export function rowsOf(
  number: number,
  page: Buffer,
  readPage: ReadPage,
  onLost: () => void,
): PageRow[] {
  const header = number === 1 ? FILE_HEADER_BYTES : 0;
  const type = page.readUInt8(header);
  if (type !== TABLE_LEAF && type !== INDEX_LEAF && type !== INDEX_INNER) return [];
  const pointers = header + (type === INDEX_INNER ? 12 : 8);
  const rows: PageRow[] = [];
  for (let cell = 0; cell < page.readUInt16BE(header + 3); cell += 1) {
    try {
      rows.push(readCell(type, page, page.readUInt16BE(pointers + 2 * cell), readPage));
    } catch {
      onLost();
    }
  }
  return rows;
}

function readCell(type: number, page: Buffer, at: number, readPage: ReadPage): PageRow {
  const length = readVarint(page, type === INDEX_INNER ? at + 4 : at);
  const rowid = type === TABLE_LEAF ? readVarint(page, length.end) : undefined;
  const isTable = rowid !== undefined;
  const payload = readPayload(
    page,
    (rowid ?? length).end,
    { length: length.value, isTable },
    readPage,
  );
  return { rowid: rowid?.value, values: readRecord(payload) };
}

/** A payload that does not fit its page goes on in a chain of overflow pages. */
function readPayload(
  page: Buffer,
  at: number,
  { length, isTable }: { length: number; isTable: boolean },
  readPage: ReadPage,
): Buffer {
  const local = localBytes(length, page.length, isTable);
  const parts = [slice(page, at, local)];
  let next = local < length ? page.readUInt32BE(at + local) : 0;
  for (let left = length - local; left > 0; left -= page.length - 4) {
    const overflow = readPage(next);
    if (!overflow) throw new RangeError(`page ${next} is lost`);
    parts.push(slice(overflow, 4, Math.min(left, page.length - 4)));
    next = overflow.readUInt32BE(0);
  }
  return Buffer.concat(parts);
}

/** The formula of SQLite's file format, "Cell payload overflow pages". */
function localBytes(length: number, pageSize: number, isTable: boolean): number {
  const most = isTable ? pageSize - 35 : Math.floor(((pageSize - 12) * 64) / 255) - 23;
  if (length <= most) return length;
  const least = Math.floor(((pageSize - 12) * 32) / 255) - 23;
  const filling = least + ((length - least) % (pageSize - 4));
  return filling <= most ? filling : least;
}

function readRecord(payload: Buffer): Value[] {
  const header = readVarint(payload, 0);
  const values: Value[] = [];
  let body = header.value;
  for (let at = header.end; at < header.value;) {
    const type = readVarint(payload, at);
    const { value, bytes } = readValue(payload, body, type.value);
    values.push(value);
    body += bytes;
    at = type.end;
  }
  return values;
}

const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8] as const;

function readValue(payload: Buffer, at: number, type: number): { value: Value; bytes: number } {
  if (type === 0) return { value: null, bytes: 0 };
  if (type === 8 || type === 9) return { value: type - 8, bytes: 0 };
  if (type === 7) return { value: payload.readDoubleBE(at), bytes: 8 };
  if (type < 7) return readInteger(payload, at, INTEGER_BYTES[type]!);
  if (type < 12) throw new RangeError(`no such type: ${type}`);
  const bytes = Math.floor((type - 12) / 2);
  const value = slice(payload, at, bytes);
  return { value: type % 2 === 0 ? value : value.toString('utf8'), bytes };
}

function readInteger(payload: Buffer, at: number, bytes: number): { value: number; bytes: number } {
  const value = bytes === 8 ? Number(payload.readBigInt64BE(at)) : payload.readIntBE(at, bytes);
  return { value, bytes };
}

/** Seven bits a byte, high ones first; all eight of the ninth. Exact up to 2^53. */
function readVarint(bytes: Buffer, at: number): { value: number; end: number } {
  let value = 0;
  for (let i = 0; i < 8; i += 1) {
    const byte = bytes.readUInt8(at + i);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, end: at + i + 1 };
  }
  return { value: value * 256 + bytes.readUInt8(at + 8), end: at + 9 };
}

function slice(bytes: Buffer, at: number, length: number): Buffer {
  if (at + length > bytes.length) throw new RangeError('it ends before its end');
  return bytes.subarray(at, at + length);
}
