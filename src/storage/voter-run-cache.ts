import type { BlockRow, VoterBlock } from './voter-block.ts';

type RunPlace = Pick<BlockRow, 'level' | 'run'>;

/** Blocks of a run that is kept, and of all of them: a few megabytes at most. */
const blocksPerRunMax = 128;
const blocksMax = 1_024;

/**
 * The blocks of small runs, as they are on the disk. Small pools leave many small runs, and each of them is asked
 * for every voter of every pool after: read from the table each time, that would soon cost more than the pool.
 */
export class VoterRunCache {
  readonly #runs = new Map<string, readonly VoterBlock[] | null>();
  #blocks = 0;

  /** All blocks of the run; null where it is too large to be kept. `read` gives the first so many of them. */
  blocksOf(
    place: RunPlace,
    read: (place: RunPlace, limit: number) => readonly VoterBlock[],
  ): readonly VoterBlock[] | null {
    const name = nameOf(place);
    const known = this.#runs.get(name);
    if (known !== undefined) {
      return known;
    }
    const found = read(place, blocksPerRunMax + 1);
    const blocks = found.length > blocksPerRunMax ? null : found;
    this.#runs.set(name, blocks);
    this.#blocks += blocks?.length ?? 0;
    for (const oldest of this.#runs.keys()) {
      if (this.#blocks <= blocksMax) {
        break;
      }
      this.#forget(oldest);
    }
    return blocks;
  }

  /** The run is another one now. */
  changed(place: RunPlace): void {
    this.#forget(nameOf(place));
  }

  clear(): void {
    this.#runs.clear();
    this.#blocks = 0;
  }

  #forget(name: string): void {
    this.#blocks -= this.#runs.get(name)?.length ?? 0;
    this.#runs.delete(name);
  }
}

const nameOf = ({ level, run }: RunPlace): string => `${level}/${run}`;
