import type { VoterRange } from './types.ts';

/** Those ranges of voters with an accepted ballot that overlap first..last, ascending. */
export type VotersWithin = (first: number, last: number) => readonly VoterRange[];

interface Spans {
  /** Ascending and apart. */
  readonly firsts: Float64Array;
  readonly lasts: Float64Array;
}

const spansAtOnceMax = 1_024;
const rangesPerSpanMax = 4;

/**
 * Asks for the earlier voters of many spans of ids with few questions: as long as the answers are
 * short, the next question covers twice as many spans; an answer full of voters between the spans
 * sends it back to one, and makes it wait longer before it grows again.
 */
export class EarlierVoters {
  readonly #spans: Spans;
  readonly #votersWithin: VotersWithin;
  #answer: readonly VoterRange[] = [];
  #answeredTo = 0;
  #at = 0;
  #spansAtOnce = 1;
  #growAfter = 0;
  #patience = 1;

  constructor(spans: Spans, votersWithin: VotersWithin) {
    this.#spans = spans;
    this.#votersWithin = votersWithin;
  }

  /** The earlier ranges that overlap span number `span`; asked for in ascending order, each once. */
  of(span: number): readonly VoterRange[] {
    if (span >= this.#answeredTo) {
      this.#ask(span);
    }
    const first = this.#spans.firsts[span] ?? 0;
    const last = this.#spans.lasts[span] ?? 0;
    while (this.#at < this.#answer.length && (this.#answer[this.#at]?.last ?? first) < first) {
      this.#at += 1;
    }
    let end = this.#at;
    while (end < this.#answer.length && (this.#answer[end]?.first ?? 0) <= last) {
      end += 1;
    }
    return end === this.#at ? [] : this.#answer.slice(this.#at, end);
  }

  #ask(from: number): void {
    const { firsts, lasts } = this.#spans;
    const to = Math.min(from + this.#spansAtOnce, firsts.length);
    this.#answer = this.#votersWithin(firsts[from] ?? 0, lasts[to - 1] ?? 0);
    this.#at = 0;
    this.#answeredTo = to;
    if (this.#answer.length > rangesPerSpanMax * (to - from) && this.#spansAtOnce > 1) {
      this.#spansAtOnce = 1;
      this.#patience *= 2;
      this.#growAfter = to + this.#patience;
    } else if (to >= this.#growAfter) {
      this.#spansAtOnce = Math.min(2 * this.#spansAtOnce, spansAtOnceMax);
    }
  }
}
