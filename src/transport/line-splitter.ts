import { StringDecoder } from 'node:string_decoder';

/** Cuts a byte stream into lines, none of them longer than `bytesMax`. */
export class LineSplitter {
  readonly #bytesMax: number;
  readonly #decoder = new StringDecoder('utf8');
  #pieces: string[] = [];
  #pending = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The lines that `chunk` completes; null if one is too long, after which the stream is of no use. */
  take(chunk: Buffer): string[] | null {
    const lines: string[] = [];
    let from = 0;
    let end = chunk.indexOf(10);
    while (end !== -1) {
      if (!this.#add(chunk.subarray(from, end))) {
        return null;
      }
      lines.push(this.#pieces.join(''));
      this.#pieces = [];
      this.#pending = 0;
      from = end + 1;
      end = chunk.indexOf(10, from);
    }
    return this.#add(chunk.subarray(from)) ? lines : null;
  }

  #add(piece: Buffer): boolean {
    this.#pending += piece.length;
    this.#pieces.push(this.#decoder.write(piece));
    return this.#pending <= this.#bytesMax;
  }
}
