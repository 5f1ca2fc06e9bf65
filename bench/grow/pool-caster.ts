import { setTimeout as sleep } from 'node:timers/promises';
import { toHex } from '../../src/base/bytes.ts';
import { casterOf } from '../../src/client/batch-maker.ts';
import { type Ballots, type Caster, castFrame, makeParcel } from '../../src/client/parcel.ts';
import type { ClientTerms, ServerReply } from '../../src/client/server-link.ts';
import { nameAbsent, Servers } from '../../src/client/servers.ts';
import { type Party, parties, partyName } from '../../src/mpc/parties.ts';

const connectMs = 10_000;
const answerMs = 60_000;

interface OnItsWay {
  readonly digest: string;
  readonly safe: Set<Party>;
  readonly done: () => void;
  readonly fail: (error: Error) => void;
}

/** Casts one batch at a time, and knows when each server has said that all three hold it. */
export class PoolCaster {
  readonly #servers: Servers;
  readonly #caster: Caster;
  #batches = 0;
  #onItsWay: OnItsWay | null = null;

  constructor(terms: ClientTerms) {
    this.#servers = new Servers(terms);
    this.#caster = casterOf(terms);
  }

  async connect(): Promise<void> {
    await this.#servers.connect(connectMs);
    for (let waited = 0; this.#servers.up.length < 3 && waited < connectMs; waited += 10) {
      await sleep(10);
    }
    if (this.#servers.up.length < 3) {
      throw new Error(`Not to be reached: ${nameAbsent(this.#servers.absent)}`);
    }
    const fail = (party: Party, reason: string) => this.#fail(party, reason);
    this.#servers.handle({
      ...{ onUp: () => undefined, onDown: fail, onFault: fail },
      onReply: (party, reply) => this.#hear(party, reply),
    });
  }

  async cast(ballots: Ballots): Promise<void> {
    this.#batches += 1;
    const parcel = makeParcel(this.#batches, ballots, this.#caster);
    const safe = new Promise<void>((done, fail) => {
      const digest = toHex(parcel.batch.digest);
      this.#onItsWay = { digest, safe: new Set(), done, fail };
    });
    const late = setTimeout(
      () => this.#onItsWay?.fail(new Error('A batch took too long.')),
      answerMs,
    );
    for (const party of parties) {
      this.#servers.sendFrame(party, castFrame(parcel, party));
    }
    try {
      await safe;
    } finally {
      clearTimeout(late);
      this.#onItsWay = null;
    }
  }

  async stop(): Promise<void> {
    await this.#servers.stop();
  }

  #hear(party: Party, reply: ServerReply): void {
    if (reply.kind === 'refused' || reply.kind === 'busy') {
      this.#fail(party, reply.reason);
    } else if (reply.kind === 'safe' || reply.kind === 'sealed') {
      const onItsWay = this.#onItsWay;
      if (toHex(reply.digest) === onItsWay?.digest) {
        onItsWay.safe.add(party);
        if (onItsWay.safe.size === 3) {
          onItsWay.done();
        }
      }
    }
  }

  #fail(party: Party, reason: string): void {
    this.#onItsWay?.fail(new Error(`Server ${partyName(party)}: ${reason}`));
  }
}
