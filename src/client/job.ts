import { toHex } from '../base/bytes.ts';
import { good, type Result, refused } from '../base/result.ts';
import { maxVoter } from '../election/voters.ts';
import type { VoteMode } from './ballot-source.ts';
import { clientLimits } from './client-limits.ts';
import type { ClientTerms } from './server-link.ts';

/** What a client set out to cast, as its outbox keeps it to be gone on with. */
export type Job = ManyJob | FileJob;

interface AnyJob {
  /** Hexadecimal; other elections and other identities cannot go on with it. */
  readonly election: string;
  readonly caster: string;
  readonly ballotsPerBatch: number;
}

export interface ManyJob extends AnyJob {
  readonly kind: 'many';
  readonly start: number;
  readonly count: number;
  readonly vote: VoteMode;
}

export interface FileJob extends AnyJob {
  readonly kind: 'file';
  /** Null for standard input, which cannot be read again. */
  readonly file: string | null;
  /** Of the file's content, hexadecimal. */
  readonly sha256: string;
  readonly count: number;
}

/** What all servers together said of a number of ballots. */
export interface Refused {
  readonly reason: string;
  readonly ballots: number;
}

/** An inclusive range of voters. */
export type Range = readonly [first: number, last: number];

/** How far a job has come; stored together with the batches that took it there. */
export interface JobProgress {
  /** Ballots that were put into batches: where to go on. */
  readonly position: number;
  /** How many of these are yes. */
  readonly yes: number;
  readonly batches: number;
  readonly refused: readonly Refused[];
  readonly duplicates: number;
  /** Some of the duplicates' voters: at most `duplicateRangesMax` ranges. */
  readonly duplicateVoters: readonly Range[];
  /** Ballots of which duplicates are known. */
  readonly sealed: number;
}

export const noProgress: JobProgress = {
  position: 0,
  yes: 0,
  batches: 0,
  refused: [],
  duplicates: 0,
  duplicateVoters: [],
  sealed: 0,
};

export const castersOwn = (terms: ClientTerms): Pick<AnyJob, 'election' | 'caster'> => ({
  election: toHex(terms.election.hash),
  caster: toHex(terms.identity.fingerprint),
});

/** Why voters `start` to `start + count - 1` cannot be cast for; null where they can. */
export function voterRangeFault(start: number, count: number): string | null {
  if (!Number.isSafeInteger(start) || start < 0) {
    return 'START must be a whole number from 0 to 2^53-1: the first voter';
  }
  if (!Number.isSafeInteger(count) || count < 1 || count > clientLimits.ballotsPerJobMax) {
    return `COUNT must be a whole number from 1 to ${clientLimits.ballotsPerJobMax}: how many voters`;
  }
  return start > maxVoter - (count - 1) ? 'START and COUNT go beyond the last voter, 2^53-1' : null;
}

/** Reads the `details` of an outbox, which somebody may have edited. */
export function readJob(details: unknown): Result<Job> {
  const fields = new Fields(details);
  const common = {
    election: fields.text('election'),
    caster: fields.text('caster'),
    ballotsPerBatch: fields.count('ballotsPerBatch', 1),
    count: fields.count('count', 1),
  };
  const job: Job =
    fields.text('kind') === 'many'
      ? {
          ...common,
          kind: 'many',
          start: fields.count('start', 0),
          vote: fields.oneOf('vote', ['y', 'n', 'random']),
        }
      : {
          ...common,
          kind: 'file',
          file: fields.textOrNull('file'),
          sha256: fields.text('sha256'),
        };
  const isWhole = job.kind === 'file' || voterRangeFault(job.start, job.count) === null;
  return fields.sound && isWhole ? good(job) : refused('the job in it cannot be read');
}

/** Reads the `progress` of an outbox; null is what a job starts with. */
export function readProgress(value: unknown): Result<JobProgress> {
  if (value === null) {
    return good(noProgress);
  }
  const fields = new Fields(value);
  const progress: JobProgress = {
    position: fields.count('position', 0),
    yes: fields.count('yes', 0),
    batches: fields.count('batches', 0),
    duplicates: fields.count('duplicates', 0),
    sealed: fields.count('sealed', 0),
    refused: fields.list('refused').map((item) => {
      const inside = fields.inside(item);
      return { reason: inside.text('reason'), ballots: inside.count('ballots', 0) };
    }),
    duplicateVoters: fields.list('duplicateVoters').map((item) => {
      const inside = fields.inside(item);
      return [inside.count('0', 0), inside.count('1', 0)];
    }),
  };
  return fields.sound ? good(progress) : refused('the progress in it cannot be read');
}

/** Fields of a JSON object; `sound` tells afterwards whether all were there and of their kind. */
class Fields {
  sound: boolean = true;
  readonly #entries: ReadonlyMap<string, unknown>;
  readonly #whole: Fields | null;

  constructor(value: unknown, whole: Fields | null = null) {
    const isObject = typeof value === 'object' && value !== null;
    this.#whole = whole;
    this.#entries = new Map<string, unknown>(isObject ? Object.entries(value) : []);
  }

  inside(item: unknown): Fields {
    return new Fields(item, this);
  }

  text(name: string): string {
    const value = this.#entries.get(name);
    return typeof value === 'string' ? value : this.#unsound('');
  }

  textOrNull(name: string): string | null {
    return this.#entries.get(name) === null ? null : this.text(name);
  }

  oneOf<T extends string>(name: string, values: readonly [T, ...T[]]): T {
    const value = this.#entries.get(name);
    return values.find((one) => one === value) ?? this.#unsound(values[0]);
  }

  count(name: string, min: number): number {
    const value = this.#entries.get(name);
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= min
      ? value
      : this.#unsound(min);
  }

  list(name: string): readonly unknown[] {
    const value = this.#entries.get(name);
    return Array.isArray(value) ? value : this.#unsound([]);
  }

  #unsound<T>(instead: T): T {
    this.sound = false;
    if (this.#whole !== null) {
      this.#whole.sound = false;
    }
    return instead;
  }
}
