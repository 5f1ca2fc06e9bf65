/** A count as people read it: 1,234,567. */
export const count = (value: number): string => String(value).replace(/\B(?=(?:\d{3})+$)/g, ',');

/** What is looked at, in the order of the report. */
export const auditChecks = [
  'file',
  'batches',
  'pools',
  'voters',
  'tallies',
  'releases',
  'peers',
  'audit log',
] as const;

export type AuditCheck = (typeof auditChecks)[number];

export interface Finding {
  readonly check: string;
  readonly ok: boolean;
  /** What was looked at, and how much of it. */
  readonly text: string;
  /** The first faults, for a person to read. */
  readonly faults: readonly string[];
  readonly faultCount: number;
  /** What is no fault and yet to be known. */
  readonly notes: readonly string[];
}

/** More faults of one kind are counted, and not told one by one. */
const toldMax = 10;

/** Collects what an audit finds. */
export class Findings {
  readonly #faults = new Map<AuditCheck, string[]>();
  readonly #counts = new Map<AuditCheck, number>();
  readonly #notes = new Map<AuditCheck, string[]>();

  fault(check: AuditCheck, text: string): void {
    add(this.#faults, check, text);
    this.#counts.set(check, (this.#counts.get(check) ?? 0) + 1);
  }

  note(check: AuditCheck, text: string): void {
    add(this.#notes, check, text);
  }

  /** A fault unless it holds. */
  require(holds: boolean, check: AuditCheck, text: string): boolean {
    if (!holds) {
      this.fault(check, text);
    }
    return holds;
  }

  get isSound(): boolean {
    return this.#counts.size === 0;
  }

  /** One line for each check that there is something to say about. */
  report(texts: ReadonlyMap<AuditCheck, string>): Finding[] {
    return auditChecks
      .filter((check) => texts.has(check) || this.#counts.has(check))
      .map((check) => ({
        check,
        ok: !this.#counts.has(check),
        text: texts.get(check) ?? 'could not be looked at to the end',
        faults: this.#faults.get(check) ?? [],
        faultCount: this.#counts.get(check) ?? 0,
        notes: this.#notes.get(check) ?? [],
      }));
  }
}

function add(lists: Map<AuditCheck, string[]>, check: AuditCheck, text: string): void {
  const list = lists.get(check) ?? [];
  if (list.length < toldMax) {
    list.push(text);
  }
  lists.set(check, list);
}
