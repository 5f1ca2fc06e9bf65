import type { StoreWrite } from '../fragment/ports.ts';
import type { GroupStore } from '../fragment/store-group.ts';
import type { Dice } from './dice.ts';
import type { Disk } from './machine.ts';
import type { RuleWatch } from './rule-watch.ts';

/** The process ends here, or the disk fails. */
export class Death extends Error {
  override readonly name = 'Death';
  readonly where: string;
  readonly isDiskFault: boolean;

  constructor(where: string, isDiskFault: boolean) {
    super(where);
    this.where = where;
    this.isDiskFault = isDiskFault;
  }
}

/** Writes during which a crash is the more interesting the rarer they are. */
const rare: ReadonlySet<StoreWrite['kind']> = new Set<StoreWrite['kind']>([
  'commit-tally',
  'finalise',
  'step-back',
  'seal-pool',
  'end-rebuild',
  'begin-rebuild',
  'keep-release',
  'drop-release',
]);
const rarer = 6;

/** Where in a group of events, if anywhere, a server is to die: between any two effects. */
type Fate = 'lives' | 'at a write' | 'at the commit' | 'after the commit' | 'between sends';
const fates: readonly Fate[] = [
  'at a write',
  'at the commit',
  'after the commit',
  'between sends',
  'between sends',
];

/** The disk of one group of events: it keeps what is written, and ends the server where the seed wants that. */
export class GroupDisk implements GroupStore {
  readonly writes: StoreWrite[] = [];
  readonly #disk: Disk;
  readonly #rules: RuleWatch;
  readonly #dice: Dice;
  readonly #probability: number;
  readonly #diskFails: boolean;
  #fate: Fate = 'lives';

  constructor(
    disk: Disk,
    rules: RuleWatch,
    dice: Dice,
    { probability, diskFails }: { readonly probability: number; readonly diskFails: boolean },
  ) {
    this.#disk = disk;
    this.#rules = rules;
    this.#dice = dice;
    this.#probability = probability;
    this.#diskFails = diskFails;
    this.#draw(probability);
  }

  #draw(probability: number): void {
    if (this.#fate === 'lives' && probability > 0 && this.#dice.chance(probability)) {
      this.#fate = this.#dice.pick(fates);
    }
  }

  begin(): void {
    this.#disk.begin();
  }

  apply(write: StoreWrite): void {
    if (rare.has(write.kind)) {
      this.#draw(rarer * this.#probability);
    }
    if (this.#fate === 'at a write' && this.#dice.chance(0.5)) {
      throw new Death(`before ${write.kind} is written`, false);
    }
    if (this.#diskFails && this.#dice.chance(0.5)) {
      throw new Death(`the disk does not take ${write.kind}`, true);
    }
    this.#rules.writes(write);
    this.#disk.apply(write);
    this.writes.push(write);
  }

  commit(): void {
    if (this.#fate === 'at a write' || this.#fate === 'at the commit') {
      throw new Death(`before the commit of ${this.#summary()}`, false);
    }
    if (this.#diskFails && this.writes.length > 0) {
      throw new Death('the disk does not commit', true);
    }
    this.#disk.commit();
  }

  #summary(): string {
    return this.writes.length === 0 ? 'nothing' : this.writes.map(({ kind }) => kind).join(', ');
  }

  /** After the commit: how many of the sends still leave, all of them where the server lives on. */
  sendsLeft(sends: number): number {
    switch (this.#fate) {
      case 'after the commit':
        return 0;
      case 'between sends':
        return this.#dice.below(sends + 1);
      default:
        return Number.POSITIVE_INFINITY;
    }
  }
}
