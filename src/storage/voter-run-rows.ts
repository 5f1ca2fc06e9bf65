import type { Spans } from '../election/spans.ts';
import type { Connection } from './connection.ts';
import { type BlockRow, blockEnd, blockRow, VoterBlock } from './voter-block.ts';
import { VoterRunCache } from './voter-run-cache.ts';

/** A run: ascending ranges of voters, apart, in blocks. */
export type RunPlace = Pick<BlockRow, 'level' | 'run'>;

export interface StoredBlock extends BlockRow {
  readonly seq: number;
}

const columns = 'level, run, first, last, voters, ranges, crc';

/** The rows of the table `voter`: blocks of runs. */
export class VoterRunRows {
  readonly #insert;
  readonly #delete;
  readonly #endingFrom;
  readonly #ofRun;
  readonly #placeAfter;
  readonly #firstRun;
  readonly #highestLevel;
  readonly #voters;
  readonly #count;
  readonly #cache = new VoterRunCache();

  constructor(db: Connection) {
    this.#insert = db.prepare<[BlockRow]>(
      `INSERT INTO voter (${columns}) VALUES (@level, @run, @first, @last, @voters, @ranges, @crc)`,
    );
    this.#delete = db.prepare<[number]>('DELETE FROM voter WHERE seq = ?');
    this.#endingFrom = db.prepare<[number, number, number], BlockRow>(
      `SELECT ${columns} FROM voter WHERE level = ? AND run = ? AND last >= ? ORDER BY last LIMIT 1`,
    );
    this.#ofRun = db.prepare<[number, number, number], StoredBlock>(
      `SELECT seq, ${columns} FROM voter WHERE level = ? AND run = ? ORDER BY last LIMIT ?`,
    );
    this.#placeAfter = db.prepare<[number, number], RunPlace>(
      'SELECT level, run FROM voter WHERE (level, run) > (?, ?) ORDER BY level, run LIMIT 1',
    );
    this.#firstRun = db.prepare<[number], { readonly run: number | null }>(
      'SELECT min(run) AS run FROM voter WHERE level = ?',
    );
    this.#highestLevel = db.prepare<[], { readonly level: number | null }>(
      'SELECT max(level) AS level FROM voter',
    );
    this.#voters = db.prepare<[], { readonly voters: number }>(
      'SELECT total(voters) AS voters FROM voter',
    );
    this.#count = db.prepare<[], { readonly blocks: number }>(
      'SELECT count(*) AS blocks FROM voter',
    );
  }

  /** Adds blocks with these ranges to a run, behind all that it has. */
  insert(spans: Spans, place: RunPlace): void {
    this.#cache.changed(place);
    for (let from = 0; from < spans.firsts.length; ) {
      const end = blockEnd(spans, from);
      this.#insert.run(blockRow(spans, from, end, place));
      from = end;
    }
  }

  delete(block: StoredBlock): void {
    this.#cache.changed(block);
    this.#delete.run(block.seq);
  }

  /** What was changed was undone on the disk. */
  undone(): void {
    this.#cache.clear();
  }

  /** The first block of a run that does not end before `id`. */
  blockEndingFrom(place: RunPlace, id: number): VoterBlock | null {
    const blocks = this.#cache.blocksOf(place, this.#firstBlocks);
    if (blocks !== null) {
      return blocks[firstEndingFrom(blocks, id)] ?? null;
    }
    const row = this.#endingFrom.get(place.level, place.run, id);
    return row === undefined ? null : new VoterBlock(row);
  }

  readonly #firstBlocks = (place: RunPlace, limit: number): readonly VoterBlock[] =>
    this.blocksOf(place, limit).map((row) => new VoterBlock(row));

  /** The first blocks of a run, ascending: all of them, where no limit is given. */
  blocksOf({ level, run }: RunPlace, limit = -1): readonly StoredBlock[] {
    return this.#ofRun.all(level, run, limit);
  }

  /** All runs, by level and number. */
  *places(): Generator<RunPlace, undefined> {
    let place: RunPlace | undefined = { level: -1, run: 0 };
    for (;;) {
      place = this.#placeAfter.get(place.level, place.run);
      if (place === undefined) {
        return;
      }
      yield place;
    }
  }

  /** The number of the first run of a level; null where it has none. */
  firstRun(level: number): number | null {
    return this.#firstRun.get(level)?.run ?? null;
  }

  highestLevel(): number | null {
    return this.#highestLevel.get()?.level ?? null;
  }

  voters(): number {
    return this.#voters.get()?.voters ?? 0;
  }

  count(): number {
    return this.#count.get()?.blocks ?? 0;
  }
}

/** The number of the first of ascending blocks that does not end before `id`; their count where there is none. */
function firstEndingFrom(blocks: readonly VoterBlock[], id: number): number {
  let low = 0;
  let high = blocks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((blocks[middle]?.row.last ?? 0) < id) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
