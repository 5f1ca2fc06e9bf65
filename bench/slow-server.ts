import process from 'node:process';
import { pidOf } from '../src/cli/server-contact.ts';
import { type Party, parties } from '../src/mpc/parties.ts';
import { LiveElection, type Outcome } from './live-election.ts';
import { Processes } from './processes.ts';

/** When a server is held up, after the client began to dial, and for how long: less than a silent link is given. */
export const heldUp = { afterMs: 300, forMs: 5_000 } as const;

/** One client that casts as fast as it can while a server stands still for a while. */
export interface SlowServerRun {
  readonly slow: Party | null;
  readonly castSeconds: number;
  readonly finalSeconds: number;
  readonly clientPeakBytes: number;
  /** Of a, b and c. */
  readonly peakBytes: readonly number[];
  readonly outcome: Outcome;
}

/** On servers of their own. `slow` is the one that is held up, null for none. */
export async function castBesideSlow(ballots: number, slow: Party | null): Promise<SlowServerRun> {
  const processes = new Processes();
  let election: LiveElection | null = null;
  const timers: NodeJS.Timeout[] = [];
  try {
    election = await LiveElection.begin(processes, ballots);
    const pid = slow === null ? null : Number(pidOf(processes.dir, slow));
    const onDialing = () => timers.push(...(pid === null ? [] : holdUp(pid)));
    const cast = await election.cast(election.nextVoters(ballots), undefined, onDialing);
    // Where so few were cast that it was all over before.
    timers.forEach(clearTimeout);
    const outcome = await election.outcome();
    await election.release();
    const ended = await processes.stopServers();
    return {
      slow,
      castSeconds: cast.castSeconds,
      finalSeconds: cast.finalSeconds,
      clientPeakBytes: cast.client.peakBytes,
      peakBytes: parties.map((party) => ended[party]?.peakBytes ?? Number.NaN),
      outcome,
    };
  } finally {
    timers.forEach(clearTimeout);
    await election?.release();
    await processes.end();
  }
}

const holdUp = (pid: number): readonly NodeJS.Timeout[] => [
  setTimeout(() => process.kill(pid, 'SIGSTOP'), heldUp.afterMs),
  setTimeout(() => process.kill(pid, 'SIGCONT'), heldUp.afterMs + heldUp.forMs),
];
