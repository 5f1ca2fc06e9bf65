import { randomFillSync } from 'node:crypto';
import process from 'node:process';
import { countOnes, lowBits, wordsFor } from '../../src/base/bits.ts';
import { clientTerms } from '../../src/cli/client-places.ts';
import { contactRunning } from '../../src/cli/server-contact.ts';
import type { Ballots } from '../../src/client/parcel.ts';
import { consecutiveVoters, voterRuns } from '../../src/election/voters.ts';
import { parties } from '../../src/mpc/parties.ts';
import type { ControlClient } from '../../src/transport/control-client.ts';
import { LiveElection, type Outcome } from '../live-election.ts';
import { Processes } from '../processes.ts';
import type { PoolBlock, PoolRun, Voters } from './grow-data.ts';
import { PoolCaster } from './pool-caster.ts';
import { ServersWatch } from './servers-watch.ts';
import { VoterDraw } from './voter-draw.ts';

export const ballotsPerPool = 100;
export const poolsPerBlock = 100;
const flushMs = 60_000;

export interface PoolsMeasured {
  readonly run: PoolRun;
  readonly outcome: Outcome;
}

/** In a new election: so many pools, one after another. */
export async function measurePools(voters: Voters, pools: number): Promise<PoolsMeasured> {
  const processes = new Processes();
  const consoles: ControlClient[] = [];
  let election: LiveElection | null = null;
  let caster: PoolCaster | null = null;
  try {
    election = await LiveElection.begin(processes, pools * ballotsPerPool);
    const { dir } = processes;
    consoles.push(...(await Promise.all(parties.map((party) => contactRunning(dir, party)))));
    caster = new PoolCaster(clientTerms({ dir, identity: undefined, json: true }, 'caster'));
    await caster.connect();
    const series = new Series(election, caster, consoles, new Ballotbox(voters, pools));
    const run = await series.play(pools, new ServersWatch(dir));
    return { run, outcome: await election.outcome() };
  } finally {
    await caster?.stop();
    for (const console of consoles) {
      console.close();
    }
    await election?.release();
    await processes.end();
  }
}

class Series {
  readonly #election: LiveElection;
  readonly #caster: PoolCaster;
  readonly #consoles: readonly ControlClient[];
  readonly #ballots: Ballotbox;
  #votes = 0;

  constructor(
    election: LiveElection,
    caster: PoolCaster,
    consoles: readonly ControlClient[],
    ballots: Ballotbox,
  ) {
    this.#election = election;
    this.#caster = caster;
    this.#consoles = consoles;
    this.#ballots = ballots;
  }

  async play(pools: number, watch: ServersWatch): Promise<PoolRun> {
    const castMs: number[] = [];
    const finalMs: number[] = [];
    const blocks: PoolBlock[] = [];
    let took = watch.begin();
    for (let pool = 1; pool <= pools; pool += 1) {
      const { ballots, yes } = this.#ballots.next();
      const begun = performance.now();
      await this.#caster.cast(ballots);
      const cast = performance.now();
      await this.#flush();
      castMs.push(cast - begun);
      finalMs.push(performance.now() - cast);
      await this.#election.final({ ballots: ballotsPerPool, yes }, process.hrtime.bigint());
      if (pool % poolsPerBlock === 0) {
        const [databaseBytes, memoryBytes] = [watch.databaseBytes(), watch.memoryBytes()];
        blocks.push({ pools: pool, databaseBytes, memoryBytes, cpuSeconds: took().cpuSeconds });
        took = watch.begin();
      }
    }
    return { castMs, finalMs, blocks };
  }

  async #flush(): Promise<void> {
    this.#votes += ballotsPerPool;
    const answers = await Promise.all(
      this.#consoles.map((server) => server.command('flush tally', flushMs)),
    );
    const said = `Flushed: ${this.#votes} ballots tallied, 0 waiting`;
    const isDone = answers.every(({ ok, lines }) => ok && lines[0]?.startsWith(said) === true);
    if (!isDone) {
      throw new Error(`A flush was not done: ${answers.flatMap(({ lines }) => lines).join('; ')}`);
    }
  }
}

/** Ballots of voters who have not voted yet, at random. */
class Ballotbox {
  readonly #draw: VoterDraw | null;
  #pools = 0;

  constructor(voters: Voters, pools: number) {
    this.#draw = voters === 'random' ? new VoterDraw(ballotsPerPool, pools) : null;
  }

  next(): { readonly ballots: Ballots; readonly yes: number } {
    const first = this.#pools * ballotsPerPool;
    this.#pools += 1;
    const voters =
      this.#draw === null
        ? consecutiveVoters(first, ballotsPerPool)
        : voterRuns(this.#draw.next(ballotsPerPool));
    const votes = randomFillSync(new Uint32Array(wordsFor(ballotsPerPool)));
    votes[votes.length - 1] = (votes.at(-1) ?? 0) & lowBits(ballotsPerPool % 32);
    return { ballots: { voters, votes }, yes: countOnes(votes, ballotsPerPool) };
  }
}
