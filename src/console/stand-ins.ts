import { cutStyled } from './styled-text.ts';

/** Private use: no text of ours has one of these outside of a line that one of them stands for. */
const firstSign = 0xe000;
const lastSign = 0xf8ff;
const signs = /[\ue000-\uf8ff]/;

interface StandIn {
  readonly text: string;
  readonly width: number;
}

/**
 * Ink takes every text apart into its characters, at every frame, and puts them together again: four fifths of the time
 * that a picture takes. So Ink gets one character for each line of ours and finds its place, and the line itself comes
 * in when the frame is done.
 */
export class StandIns {
  /** Of the frame that Ink is at: it asks for every line of every frame anew. */
  #lines: StandIn[] = [];

  /** What is handed to Ink instead of a line that is so many columns wide. */
  standFor(text: string, width: number): string {
    const sign = firstSign + this.#lines.length;
    if (width < 1 || sign > lastSign) {
      return text;
    }
    this.#lines.push({ text, width });
    return String.fromCharCode(sign);
  }

  /** The lines of the frame, complete. */
  complete(frame: string, height: number): string[] {
    const lines = frame.split('\n', height).map((row) => this.#completeRow(row));
    this.#lines = [];
    return lines;
  }

  #completeRow(row: string): string {
    let done = '';
    let rest = row;
    for (;;) {
      const at = rest.search(signs);
      const standIn = at < 0 ? undefined : this.#lines[rest.charCodeAt(at) - firstSign];
      if (standIn === undefined) {
        return done + rest;
      }
      const behind = rest.slice(at + 1);
      const free = 1 + spacesIn(behind, standIn.width - 1);
      // Ink keeps the place of the line free, but for what it lays over it; and ends a row where only spaces follow.
      const isCovered = free < standIn.width && behind.length >= free;
      done += rest.slice(0, at) + (isCovered ? cutStyled(standIn.text, free) : standIn.text);
      rest = behind.slice(free - 1);
    }
  }
}

function spacesIn(text: string, limit: number): number {
  let spaces = 0;
  while (spaces < limit && text[spaces] === ' ') {
    spaces += 1;
  }
  return spaces;
}
