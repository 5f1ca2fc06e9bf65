import { setTimeout as sleep } from 'node:timers/promises';
import { assert, present } from '../../src/base/assert.ts';
import { type Party, parties, partyName } from '../../src/mpc/parties.ts';
import type { Dice } from '../../src/sim/dice.ts';
import { type Action, describeAction, drawPlan, type RoundPlan } from './plan.ts';
import type { Program } from './program.ts';
import type { Casting, Trial } from './trial.ts';
import { ballotsIn, type Counted, comparable, count, readLog } from './truth.ts';

const clientMs = 90_000;
const flushMs = 60_000;
const resumesMax = 6;

export interface RoundOutcome {
  readonly plan: RoundPlan;
  /** Programs that were killed. */
  readonly kills: number;
  readonly ballots: number;
  readonly votes: number;
  readonly duplicates: number;
  readonly tally: number;
  /** Clients that ended as they should, in spite of it all. */
  readonly undisturbed: number;
}

/** One round: chaos for a while, then everything heals, and what is counted is compared with what was cast. */
export class Round {
  readonly plan: RoundPlan;
  readonly #trial: Trial;
  readonly #dice: Dice;
  readonly #castings: Casting[] = [];
  readonly #resuming: Program[] = [];
  #kills = 0;

  constructor(trial: Trial, dice: Dice) {
    this.#trial = trial;
    this.#dice = dice;
    this.plan = drawPlan(dice);
  }

  async play(): Promise<RoundOutcome> {
    for (let i = 0; i < this.plan.clients; i++) {
      const job = this.#trial.newJob(this.#dice, this.plan.ballots);
      this.#castings.push(this.#trial.cast(job));
    }
    const start = performance.now();
    await Promise.all(
      this.plan.actions.map(async (action) => {
        await sleep(Math.max(0, action.atMs - (performance.now() - start)));
        await this.#act(action);
      }),
    );
    await this.#heal();
    await this.#endClients();
    const undisturbed = this.#castings.filter(toldCast).length;
    if (!this.plan.losesDisk) {
      await this.#flush();
      this.#checkTold();
    }
    await this.#bringBack();
    await this.#flush();
    return { ...(await this.#compare()), undisturbed };
  }

  async #act(action: Action): Promise<void> {
    const { kind, party, forMs } = action;
    switch (kind) {
      case 'kill':
      case 'terminate':
      case 'lose the disk':
        return this.#endServer(kind, party, forMs);
      case 'stop for a while':
        return stopFor(this.#trial.server(party), forMs);
      case 'cut':
        return this.#trial.proxies[party]?.cut(this.#dice, 0.6);
      case 'freeze':
      case 'refuse':
        this.#trial.proxies[party]?.[kind]();
        await sleep(forMs);
        return this.#trial.proxies[party]?.heal();
      case 'flush':
        await this.#trial.ask(party, 'flush tally', forMs);
        return;
      case 'resume':
        this.#resuming.push(this.#trial.resume(party));
        return;
      default:
        return this.#actOnClient(kind, forMs);
    }
  }

  async #endServer(kind: Action['kind'], party: Party, forMs: number): Promise<void> {
    const server = this.#trial.server(party);
    if (server !== null) {
      server.signal('SIGCONT');
      server.signal(kind === 'terminate' ? 'SIGTERM' : 'SIGKILL');
      this.#kills += 1;
      await server.ended;
      const bad = await this.#trial.watch(party);
      assert(bad === null, bad ?? '');
    }
    if (kind === 'lose the disk' && this.#trial.server(party) === null) {
      this.#trial.loseDisk(party);
    }
    await sleep(forMs);
    this.#trial.start(party);
  }

  async #actOnClient(kind: Action['kind'], forMs: number): Promise<void> {
    const running = [...this.#castings.map(({ program }) => program), ...this.#resuming].filter(
      (program) => program.isRunning,
    );
    const client = running.length === 0 ? null : this.#dice.pick(running);
    if (kind === 'stop a client for a while') {
      return stopFor(client, forMs);
    }
    client?.signal(kind === 'kill a client' ? 'SIGKILL' : 'SIGTERM');
    this.#kills += client === null ? 0 : 1;
  }

  async #heal(): Promise<void> {
    for (const proxy of this.#trial.proxies) {
      proxy.heal();
    }
    await this.#trial.startAll();
  }

  /** They end by themselves, now that nobody hinders them. */
  async #endClients(): Promise<void> {
    const clients = [...this.#castings.map(({ program }) => program), ...this.#resuming];
    const late = sleep(clientMs, 'late' as const, { ref: false });
    for (const client of clients) {
      client.signal('SIGCONT');
      const end = await Promise.race([client.ended, late]);
      assert(end !== 'late', `${client.name} does not end: ${client.output}`);
    }
  }

  async #flush(): Promise<void> {
    const party = this.#dice.pick(parties);
    const { lines, ok } = await this.#trial.ask(party, 'flush tally', flushMs);
    assert(ok, `flush at server ${partyName(party)}: ${lines.join('; ')}`);
  }

  /** While no disk was lost, what a client was told is cast is counted even if that client never comes back. */
  #checkTold(): void {
    const counted = this.#count();
    for (const casting of this.#castings.filter(toldCast)) {
      const { job } = casting;
      const there = ballotsIn(counted, job);
      assert(
        there === job.votes.size,
        `${there} of ${job.votes.size} ballots of job ${job.id}, which is cast`,
      );
    }
  }

  /** Every client comes back with its outbox, until nothing is left to resume. */
  async #bringBack(): Promise<void> {
    for (let caster = 0; caster < this.#trial.casters; caster++) {
      let resumed = 1;
      for (let tries = 0; resumed > 0; tries++) {
        assert(tries < resumesMax, `caster ${caster} is never done`);
        const program = this.#trial.resume(caster);
        assert((await program.ended) === 0, `${program.name}: ${program.output}`);
        resumed = JSON.parse(program.output).resumed;
      }
    }
    await this.#flush();
    // Who died before its outbox was written has cast nothing, and begins anew.
    const counted = this.#count();
    for (const { job } of this.#castings) {
      if (ballotsIn(counted, job) === 0) {
        const { program } = this.#trial.cast(job);
        assert((await program.ended) === 0, `${program.name}: ${program.output}`);
      }
    }
  }

  #count(): Counted {
    return count(readLog(this.#trial.databaseFile(0)), this.#trial.jobs);
  }

  async #compare(): Promise<Omit<RoundOutcome, 'undisturbed'>> {
    const logs = this.#trial.logsOf().map(readLog);
    const [first] = logs;
    const log = present(first, 'the log of server a');
    assert(new Set(logs.map(comparable)).size === 1, 'the three servers have different logs');
    const counted = count(log, this.#trial.jobs);
    assert(counted.faults.length === 0, counted.faults.slice(0, 5).join('; '));
    for (const job of this.#trial.jobs) {
      const there = ballotsIn(counted, job);
      assert(
        there === job.votes.size,
        `${there} of ${job.votes.size} ballots of job ${job.id} are there`,
      );
    }
    const accepted = log.pools.reduce((sum, pool) => sum + pool.accepted, 0);
    assert(accepted === counted.votes, `${accepted} ballots accepted of ${counted.votes} voters`);
    const { votes, tally } = await this.#trial.tally();
    assert(
      votes === counted.votes && tally === counted.sum,
      `the tally is ${tally} of ${votes}, the truth ${counted.sum} of ${counted.votes}`,
    );
    const ballots = this.#trial.jobs.reduce((sum, job) => sum + job.votes.size, 0);
    const { duplicates } = counted;
    return { plan: this.plan, kills: this.#kills, ballots, votes, duplicates, tally };
  }

  describe(): string {
    const { clients, ballots, actions } = this.plan;
    return [`${clients} clients, ${ballots} ballots each`, ...actions.map(describeAction)].join(
      '\n  ',
    );
  }
}

/** The client ended by itself and said that all of its ballots are cast. */
function toldCast({ job, program }: Casting): boolean {
  try {
    const { cast }: { cast: number } = JSON.parse(program.output);
    return cast === job.votes.size;
  } catch {
    return false;
  }
}

async function stopFor(program: Program | null, forMs: number): Promise<void> {
  program?.signal('SIGSTOP');
  await sleep(forMs);
  program?.signal('SIGCONT');
}
