// The bytes of a file in memory: written anywhere, cut, grown; what was never written is zeros.

export class FileBytes {
  #buffer: Buffer;
  #length: number;

  constructor(content: Buffer = Buffer.alloc(0)) {
    this.#buffer = content;
    this.#length = content.length;
  }

  get length(): number {
    return this.#length;
  }

  /** A view: valid until the next change. */
  get content(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  copy(): FileBytes {
    return new FileBytes(Buffer.from(this.content));
  }

  write(offset: number, bytes: Buffer): void {
    const end = offset + bytes.length;
    if (end > this.#length) this.truncate(end);
    bytes.copy(this.#buffer, offset);
  }

  truncate(length: number): void {
    if (length > this.#buffer.length) this.#grow(length);
    else if (length < this.#length) this.#buffer.fill(0, length, this.#length);
    this.#length = length;
  }

  #grow(length: number): void {
    const grown = Buffer.alloc(Math.max(length, 2 * this.#buffer.length));
    this.content.copy(grown);
    this.#buffer = grown;
  }
}
