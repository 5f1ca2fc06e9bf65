import { CsvError, type Info, parse } from 'csv-parse/sync';
import type { Bytes } from '../base/bytes.ts';
import { good, type Result } from '../base/result.ts';
import { maxVoter } from '../election/voters.ts';
import type { VoterList } from './ballot-source.ts';
import { clientLimits } from './client-limits.ts';

/** What is wrong with a file of ballots: the first lines by number, and how many there are. */
export interface CsvFaults {
  readonly ok: false;
  readonly faults: readonly string[];
  readonly count: number;
}

/**
 * Reads `voter,choice` lines (a header with these names may come first), all or nothing. The ballots
 * come sorted by voter, so that their order says nothing of the order of the file.
 */
export function readCsvBallots(bytes: Bytes): Result<VoterList> | CsvFaults {
  const lines = new CsvLines();
  if (bytes.length > clientLimits.csvBytesMax) {
    lines.fault(null, `the file is larger than ${clientLimits.csvBytesMax} bytes: split it`);
    return lines.faults();
  }
  const problem = parseLines(bytes, lines);
  if (problem !== null) {
    return { ok: false, faults: [...lines.faults().faults, problem], count: lines.count + 1 };
  }
  return lines.finish();
}

function parseLines(bytes: Bytes, lines: CsvLines): string | null {
  try {
    parse(bytes, {
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
      max_record_size: 10_000,
      onRecord: (record, { lines: line }: Info) => {
        lines.add(line, record);
        return null;
      },
    });
    return null;
  } catch (error) {
    if (error instanceof CsvError) {
      return error.message;
    }
    throw error;
  }
}

/** As many numbers as come. */
class Numbers {
  length = 0;
  #values = new Float64Array(1024);

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Float64Array(2 * this.length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.#values[index] ?? 0;
  }
}

const choices: ReadonlyMap<string, 0 | 1> = new Map([
  ['y', 1],
  ['yes', 1],
  ['n', 0],
  ['no', 0],
] as const);

class CsvLines {
  count = 0;
  readonly #faults: string[] = [];
  readonly #voters = new Numbers();
  readonly #choices = new Numbers();
  readonly #lines = new Numbers();
  #records = 0;

  add(line: number, record: unknown): void {
    this.#records += 1;
    const cells: readonly unknown[] = Array.isArray(record) ? record : [];
    const [voter, choice] = cells.map(String);
    if (this.#records === 1 && isHeader(cells.map(String))) {
      return;
    }
    if (cells.length !== 2 || voter === undefined || choice === undefined) {
      this.fault(line, `needs voter,choice but has ${cells.length} fields`);
      return;
    }
    const id = /^\d{1,20}$/.test(voter) ? Number(voter) : Number.NaN;
    const vote = choices.get(choice.toLowerCase());
    if (!(id <= maxVoter)) {
      this.fault(line, `the voter must be a whole number from 0 to 2^53-1, not ${quoted(voter)}`);
    } else if (vote === undefined) {
      this.fault(line, `the choice must be y or n, not ${quoted(choice)}`);
    } else {
      this.#voters.push(id);
      this.#choices.push(vote);
      this.#lines.push(line);
    }
  }

  fault(line: number | null, what: string): void {
    this.count += 1;
    if (this.#faults.length < clientLimits.csvFaultsToldMax) {
      this.#faults.push(line === null ? what : `line ${line}: ${what}`);
    }
  }

  faults(): CsvFaults {
    return { ok: false, faults: this.#faults, count: this.count };
  }

  finish(): Result<VoterList> | CsvFaults {
    const order = this.#sorted();
    for (let i = 1; i < order.length; i++) {
      const [before, here] = [order[i - 1] ?? 0, order[i] ?? 0];
      if (this.#voters.at(before) === this.#voters.at(here)) {
        const first = this.#lines.at(before);
        this.fault(
          this.#lines.at(here),
          `voter ${this.#voters.at(here)} is there already, in line ${first}`,
        );
      }
    }
    if (this.count === 0 && order.length === 0) {
      this.fault(null, 'there are no ballots in it');
    }
    if (this.count > 0) {
      return this.faults();
    }
    return good({
      voters: Float64Array.from(order, (at) => this.#voters.at(at)),
      choices: Uint8Array.from(order, (at) => this.#choices.at(at)),
    });
  }

  /** The numbers of the ballots by voter; those of one voter by line. */
  #sorted(): Uint32Array {
    const order = Uint32Array.from({ length: this.#voters.length }, (_, i) => i);
    return order.sort((one, other) => this.#voters.at(one) - this.#voters.at(other) || one - other);
  }
}

const isHeader = (cells: readonly string[]): boolean =>
  cells.length === 2 && cells[0]?.toLowerCase() === 'voter' && cells[1]?.toLowerCase() === 'choice';

const quoted = (text: string): string =>
  JSON.stringify(text.length > 40 ? `${text.slice(0, 37)}...` : text);
