import { randomBytes } from 'node:crypto';
import { loadPeer } from './install.ts';
import { randomChoices } from './random-choices.ts';
import type { Counter, Trial } from './trial.ts';

/* What is used of @divviup/prio3, as its own declarations say. */

/** Of one measurement, for one aggregator. Looked into by the package alone. */
interface InputShare {
  readonly measurementShare: readonly bigint[];
}

interface PublicShare {
  readonly jointRandParts: readonly Buffer[];
}

interface PreparationShare {
  readonly verifiersShare: readonly bigint[];
}

interface PreparationMessage {
  readonly jointRand: Buffer;
}

interface PreparationState {
  readonly outputShare: OutputShare;
}

type OutputShare = readonly bigint[];

interface Vdaf {
  readonly nonceSize: number;
  readonly randSize: number;
  readonly verifyKeySize: number;
  shard(
    measurement: boolean,
    nonce: Buffer,
    rand: Buffer,
  ): Promise<{ readonly publicShare: PublicShare; readonly inputShares: readonly InputShare[] }>;
  prepareInit(
    verifyKey: Buffer,
    aggregator: number,
    parameter: null,
    nonce: Buffer,
    publicShare: PublicShare,
    inputShare: InputShare,
  ): Promise<{
    readonly preparationState: PreparationState;
    readonly preparationShare: PreparationShare;
  }>;
  /** Fails if the proof of the measurement is wrong. */
  unshardPreparationShares(
    parameter: null,
    shares: readonly PreparationShare[],
  ): Promise<PreparationMessage>;
  prepareNext(
    state: PreparationState,
    message: PreparationMessage,
  ): { readonly outputShare?: OutputShare };
  aggregate(parameter: null, shares: readonly OutputShare[]): readonly bigint[];
  unshard(parameter: null, aggregates: readonly (readonly bigint[])[], count: number): number;
  encodePublicShare(share: PublicShare): Buffer;
  encodeInputShare(share: InputShare): Buffer;
  encodePreparationShare(share: PreparationShare): Buffer;
  encodePreparationMessage(message: PreparationMessage): Buffer;
}

interface Prio3Package {
  readonly Prio3Count: new (settings: { readonly shares: number }) => Vdaf;
}

/** What a client hands in for one ballot. */
interface Report {
  readonly nonce: Buffer;
  readonly publicShare: PublicShare;
  readonly inputShares: readonly InputShare[];
  readonly bytes: number;
}

const aggregators = [0, 1] as const;

/** Prio3Count with two aggregators, all of it in one process. */
export class Prio3 implements Counter {
  readonly #vdaf: Vdaf;
  /** What the aggregators have in common and no client knows. */
  readonly #verifyKey: Buffer;

  private constructor(vdaf: Vdaf) {
    this.#vdaf = vdaf;
    this.#verifyKey = randomBytes(vdaf.verifyKeySize);
  }

  static async begin(): Promise<Prio3> {
    const { Prio3Count }: Prio3Package = await loadPeer('@divviup/prio3');
    return new Prio3(new Prio3Count({ shares: aggregators.length }));
  }

  async trial(ballots: number): Promise<Trial> {
    const choices = randomChoices(ballots);
    const started = performance.now();
    const reports: Report[] = [];
    for (const choice of choices) {
      reports.push(await this.#shard(choice));
    }
    const sharedAt = performance.now();
    const outputs: [OutputShare[], OutputShare[]] = [[], []];
    let serverBytes = 0;
    for (const report of reports) {
      serverBytes += await this.#prepare(report, outputs);
    }
    const aggregates = outputs.map((shares) => this.#vdaf.aggregate(null, shares));
    const tally = this.#vdaf.unshard(null, aggregates, ballots);
    return {
      seconds: (performance.now() - started) / 1000,
      clientSeconds: (sharedAt - started) / 1000,
      yes: choices.filter((choice) => choice).length,
      tally,
      clientBytes: reports.reduce((sum, { bytes }) => sum + bytes, 0),
      serverBytes,
    };
  }

  async #shard(choice: boolean): Promise<Report> {
    const vdaf = this.#vdaf;
    const nonce = randomBytes(vdaf.nonceSize);
    const { publicShare, inputShares } = await vdaf.shard(
      choice,
      nonce,
      randomBytes(vdaf.randSize),
    );
    const forEach = nonce.length + vdaf.encodePublicShare(publicShare).length;
    const bytes = inputShares
      .map((share) => forEach + vdaf.encodeInputShare(share).length)
      .reduce((sum, each) => sum + each, 0);
    return { nonce, publicShare, inputShares, bytes };
  }

  /** Both aggregators check the proof, and keep their shares of the vote. Gives the bytes that they exchange. */
  async #prepare(
    { nonce, publicShare, inputShares }: Report,
    outputs: [OutputShare[], OutputShare[]],
  ): Promise<number> {
    const vdaf = this.#vdaf;
    const begun = await Promise.all(
      inputShares.map((share, aggregator) =>
        vdaf.prepareInit(this.#verifyKey, aggregator, null, nonce, publicShare, share),
      ),
    );
    const shares = begun.map(({ preparationShare }) => preparationShare);
    const message = await vdaf.unshardPreparationShares(null, shares);
    for (const aggregator of aggregators) {
      const state = begun[aggregator]?.preparationState;
      const outputShare = state && vdaf.prepareNext(state, message).outputShare;
      if (outputShare === undefined) {
        throw new Error('Prio3Count did not end after its one round.');
      }
      outputs[aggregator].push(outputShare);
    }
    const encoded = [
      ...shares.map((share) => vdaf.encodePreparationShare(share)),
      vdaf.encodePreparationMessage(message),
    ];
    return encoded.reduce((sum, { length }) => sum + length, 0);
  }
}
