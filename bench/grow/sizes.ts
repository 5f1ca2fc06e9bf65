import { randomFillSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Casting, LiveElection, type Outcome } from '../live-election.ts';
import { Processes } from '../processes.ts';
import type { SizePoint, SizeRun, Voters } from './grow-data.ts';
import { ServersWatch } from './servers-watch.ts';
import { VoterDraw } from './voter-draw.ts';

/** So that code is compiled, whatever the size, but little memory taken. */
const warmUps = { runs: 2, ballots: 20_000 } as const;

export interface SizeMeasured {
  readonly point: SizePoint;
  readonly outcome: Outcome;
}

/** In an election of its own: one client casts so many ballots, again and again. The register has room for `votesMax`. */
export async function measureSize(
  voters: Voters,
  ballots: number,
  runs: number,
  votesMax: number,
): Promise<SizeMeasured> {
  const processes = new Processes();
  let election: LiveElection | null = null;
  try {
    election = await LiveElection.begin(processes, votesMax + warmUps.runs * warmUps.ballots);
    const watch = new ServersWatch(processes.dir);
    const source = new Castings(processes.dir, election, voters, ballots, runs + warmUps.runs);
    for (let run = 0; run < warmUps.runs; run += 1) {
      await election.cast(source.next(Math.min(ballots, warmUps.ballots)));
    }
    const done: SizeRun[] = [];
    for (let run = 0; run < runs; run += 1) {
      const casting = source.next(ballots);
      const took = watch.begin();
      const { castSeconds, finalSeconds } = await election.cast(casting);
      done.push({ castSeconds, finalSeconds, ...took() });
    }
    return { point: { voters, ballots, runs: done }, outcome: await election.outcome() };
  } finally {
    await election?.release();
    await processes.end();
  }
}

/** What the client is told to cast, run by run. */
class Castings {
  readonly #file: string;
  readonly #election: LiveElection;
  readonly #draw: VoterDraw | null;

  constructor(dir: string, election: LiveElection, voters: Voters, size: number, runs: number) {
    this.#file = path.join(dir, 'ballots.csv');
    this.#election = election;
    this.#draw = voters === 'random' ? new VoterDraw(size, runs) : null;
  }

  next(ballots: number): Casting {
    if (this.#draw === null) {
      return this.#election.nextVoters(ballots);
    }
    const votes = randomFillSync(new Uint8Array(ballots));
    const isYes = (vote: number) => vote % 2 === 1;
    const lines = Array.from(
      this.#draw.next(ballots),
      (voter, index) => `${voter},${isYes(votes[index] ?? 0) ? 'y' : 'n'}\n`,
    );
    writeFileSync(this.#file, lines.join(''));
    return { command: ['cast', this.#file], ballots, yes: votes.filter(isYes).length };
  }
}
