import { casterOf } from '../src/client/batch-maker.ts';
import type { Caster } from '../src/client/parcel.ts';
import type { ClientTerms } from '../src/client/server-link.ts';
import { Booth } from './booth.ts';
import { StationAccount } from './station-account.ts';
import type { StationTask, TaskResult } from './station-tasks.ts';

type TaskOf<Kind extends StationTask['kind']> = Extract<StationTask, { readonly kind: Kind }>;

/** Of booths that stay: all of them at once might take longer than a client waits for servers. */
const openedAtOnce = 8;

/** Of paced ballots; then answers are heard, also where the station cannot keep up. */
const dueAtOnceMax = 8;

/** Casts single ballots in one of three ways. */
export class StationWork {
  readonly #terms: ClientTerms;
  readonly #caster: Caster;

  constructor(terms: ClientTerms) {
    this.#terms = terms;
    this.#caster = casterOf(terms);
  }

  async perform(task: StationTask): Promise<TaskResult> {
    const account = new StationAccount(task);
    switch (task.kind) {
      case 'dialed':
        await this.#dialed(task, account);
        break;
      case 'kept':
        await this.#overKept(task.booths, account, (booths) => keepBusy(task, account, booths));
        break;
      case 'paced':
        await this.#overKept(task.booths, account, (booths) => arrive(task, account, booths));
        break;
    }
    return account.result();
  }

  async #dialed(task: TaskOf<'dialed'>, account: StationAccount): Promise<void> {
    account.begin();
    const oneAfterAnother = async () => {
      while (account.hasMore) {
        await this.#oneDialed(account);
      }
    };
    await Promise.all(Array.from({ length: task.atATime }, oneAfterAnother));
  }

  /** From dialing to taking leave, which a client does once its ballot is safe. */
  async #oneDialed(account: StationAccount): Promise<void> {
    const ballot = account.take();
    const { onCast, onSafe } = account.from(performance.now());
    const booth = new Booth(this.#terms, this.#caster, account.fail);
    try {
      await booth.open();
      const safe = new Promise<void>((resolve) => {
        booth.handIn(ballot, {
          onCast,
          onSafe: () => {
            onSafe();
            resolve();
          },
        });
      });
      await Promise.race([safe, account.done]);
    } finally {
      await booth.close();
    }
  }

  async #overKept(
    count: number,
    account: StationAccount,
    cast: (booths: readonly Booth[]) => void,
  ): Promise<void> {
    const newBooth = () => new Booth(this.#terms, this.#caster, account.fail);
    const booths = Array.from({ length: count }, newBooth);
    try {
      for (let first = 0; first < booths.length; first += openedAtOnce) {
        const some = booths.slice(first, first + openedAtOnce);
        await Promise.all(some.map((booth) => booth.open()));
      }
      account.begin();
      cast(booths);
      await account.done;
    } finally {
      await Promise.all(booths.map((booth) => booth.close()));
    }
  }
}

/** Hands in the first ballots of each booth, and the next one whenever one is cast. */
function keepBusy(
  { onTheWay }: TaskOf<'kept'>,
  account: StationAccount,
  booths: readonly Booth[],
): void {
  const handIn = (booth: Booth) => {
    if (account.hasMore) {
      booth.handIn(
        account.take(),
        account.from(performance.now(), () => handIn(booth)),
      );
    }
  };
  for (let round = 0; round < onTheWay; round += 1) {
    booths.forEach(handIn);
  }
}

/** Hands in what is due. Voters come independently of one another: the time between two is by chance. */
function arrive(
  { perSecond }: TaskOf<'paced'>,
  account: StationAccount,
  booths: readonly Booth[],
): void {
  const pause = () => (-Math.log(1 - Math.random()) * 1000) / perSecond;
  let turn = 0;
  let due = performance.now() + pause();
  const handInDue = () => {
    let now = performance.now();
    for (let round = 0; round < dueAtOnceMax && account.hasMore && due <= now; round += 1) {
      account.late(now - due);
      booths[turn % booths.length]?.handIn(account.take(), account.from(due));
      due += pause();
      turn += 1;
      now = performance.now();
    }
    if (account.hasMore && due <= now) {
      setImmediate(handInDue);
    } else if (account.hasMore) {
      setTimeout(handInDue, due - now);
    }
  };
  handInDue();
}
