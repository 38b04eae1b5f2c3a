// A damaged database, read page by page and never through SQLite: its whole pages and whose they are.
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { PageSums, readPageSize } from './page-sums.ts';
import { rowsOf, type PageRow } from './page-rows.ts';
import { scanWal, type WalScan } from './wal-scan.ts';

/** What a page is for, by the map that an auto-vacuum database keeps of its pages. */
const ROOT_PAGE = 1;
const TREE_PAGE = 5;
const MAP_ENTRY_BYTES = 5;

/** SQLite's locks stand at this byte: its page is never written. */
const LOCK_BYTE = 0x4000_0000;

/** A tree is never as deep as this: parents that go in circles end here. */
const DEEPEST_TREE = 20;

export class DamagedDatabase {
  readonly #file: number | undefined;
  readonly #log: number | undefined;
  readonly #wal: WalScan;
  readonly #sums: PageSums | undefined;
  readonly #pageSize: number;
  readonly #pageCount: number;
  /** Rows that were there and could not be read. */
  lostRows = 0;
  /** Pages that are not there, or not what was written to them. */
  lostPages = 0;

  /** Neither the database nor its log need exist. */
  constructor(path: string) {
    this.#file = existsSync(path) ? openSync(path, 'r') : undefined;
    this.#log = existsSync(`${path}-wal`) ? openSync(`${path}-wal`, 'r') : undefined;
    this.#sums = PageSums.open(path);
    this.#wal = usableLog(scanWal(`${path}-wal`), this.#sums);
    const ownSize = this.#file === undefined ? undefined : readPageSize(path);
    this.#pageSize = this.#sums?.pageSize ?? this.#wal.header?.pageSize ?? ownSize ?? 4096;
    this.#pageCount = this.#wal.frames > 0 ? this.#wal.pageCount : this.#countPages(path);
  }

  close(): void {
    this.#sums?.close();
    for (const file of [this.#file, this.#log]) if (file !== undefined) closeSync(file);
  }

  /** Every row that can be read, with the root page of the table or index it is in. */
  *rows(): Generator<PageRow & { root: number }> {
    for (let number = 1; number <= this.#pageCount; number += 1) {
      if (this.#isMapPage(number) || this.#isLockPage(number)) continue;
      const page = this.#readPage(number);
      if (!page) this.lostPages += 1;
      const root = page && this.#findRoot(number);
      if (!page || root === undefined) continue;
      const rows = rowsOf(
        number,
        page,
        (next) => this.#readPage(next),
        () => (this.lostRows += 1),
      );
      for (const row of rows) yield { ...row, root };
    }
  }

  #countPages(path: string): number {
    if (this.#sums) return this.#sums.pageCount;
    return this.#file === undefined ? 0 : Math.floor(statSync(path).size / this.#pageSize);
  }

  /** The page as the last whole commit left it; undefined when it fails its sum. */
  #readPage(number: number): Buffer | undefined {
    if (number < 1 || number > this.#pageCount) return undefined;
    const logged = this.#wal.pages.get(number);
    if (logged) return this.#read(this.#log, logged.offset);
    const page = this.#read(this.#file, (number - 1) * this.#pageSize);
    return page && (this.#sums?.holds(number, page) ?? true) ? page : undefined;
  }

  #read(file: number | undefined, offset: number): Buffer | undefined {
    if (file === undefined) return undefined;
    const page = Buffer.alloc(this.#pageSize);
    return readSync(file, page, 0, page.length, offset) === page.length ? page : undefined;
  }

  /** Free pages and those of a chain have no rows, and no root. */
  #findRoot(number: number): number | undefined {
    let at = number;
    for (let depth = 0; depth < DEEPEST_TREE; depth += 1) {
      if (at === 1) return 1;
      const { kind, parent } = this.#mapEntry(at);
      if (kind === ROOT_PAGE) return at;
      if (kind !== TREE_PAGE) return undefined;
      at = parent;
    }
    return undefined;
  }

  #mapEntry(number: number): { kind: number; parent: number } {
    const mapPage = this.#mapPageOf(number);
    const map = this.#readPage(mapPage);
    if (!map) return { kind: 0, parent: 0 };
    const at = MAP_ENTRY_BYTES * (number - mapPage - 1);
    return { kind: map.readUInt8(at), parent: map.readUInt32BE(at + 1) };
  }

  #mapPageOf(number: number): number {
    const perMap = Math.floor(this.#pageSize / MAP_ENTRY_BYTES) + 1;
    const mapPage = Math.floor((number - 2) / perMap) * perMap + 2;
    return this.#isLockPage(mapPage) ? mapPage + 1 : mapPage;
  }

  #isMapPage(number: number): boolean {
    return number > 1 && this.#mapPageOf(number) === number;
  }

  #isLockPage(number: number): boolean {
    return number === LOCK_BYTE / this.#pageSize + 1;
  }
}

/** A log that broke before what is in the file already would mix two states: then the file alone. */
function usableLog(wal: WalScan, sums: PageSums | undefined): WalScan {
  const isBehind = wal.header && sums && wal.frames < sums.coveredFrames(wal.header.salts);
  return isBehind ? { ...wal, frames: 0, pageCount: 0, pages: new Map() } : wal;
}
