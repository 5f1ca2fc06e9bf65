import { contactRunning } from '../../src/cli/server-contact.ts';
import type { OperatorSnapshot } from '../../src/fragment/snapshot.ts';
import { type Party, parties } from '../../src/mpc/parties.ts';
import { LiveElection } from '../live-election.ts';
import { Processes } from '../processes.ts';
import { OwnCircuit } from './own-circuit.ts';
import type { Contestant, Trial } from './trial.ts';

/** Three real servers and a client, each a process: TLS between them, and what they store is on the disk. */
export class LiveSystem implements Contestant {
  readonly #processes: Processes;
  readonly #election: LiveElection;
  /** Makes the same messages as the client, to measure them. */
  readonly #messages: OwnCircuit;
  readonly #ballotsPerBatch: number;
  #before = { tally: 0, yes: 0 };

  private constructor(
    processes: Processes,
    election: LiveElection,
    messages: OwnCircuit,
    ballotsPerBatch: number,
  ) {
    this.#processes = processes;
    this.#election = election;
    this.#messages = messages;
    this.#ballotsPerBatch = ballotsPerBatch;
  }

  /** `votesMax`: what all trials together come to at most. */
  static async begin(votesMax: number, ballotsPerBatch: number): Promise<LiveSystem> {
    const processes = new Processes();
    try {
      const election = await LiveElection.begin(processes, votesMax);
      const messages = await OwnCircuit.begin(ballotsPerBatch);
      return new LiveSystem(processes, election, messages, ballotsPerBatch);
    } catch (error) {
      await processes.end();
      throw error;
    }
  }

  async trial(ballots: number): Promise<Trial> {
    const sentBefore = await this.#sentToPeers();
    const { command, ...casting } = this.#election.nextVoters(ballots);
    const batch = ['--batch', String(this.#ballotsPerBatch)];
    const run = await this.#election.cast({ ...casting, command: [...command, ...batch] });
    const sent = (await this.#sentToPeers()) - sentBefore;
    const { tally, yes, votes, votesCast } = await this.#election.outcome();
    if (votes !== votesCast) {
      throw new Error(`${votes} votes were counted of the ${votesCast} that were cast`);
    }
    const before = this.#before;
    this.#before = { tally, yes };
    return {
      ...{ seconds: run.finalSeconds, clientSeconds: null },
      ...{ yes: yes - before.yes, tally: tally - before.tally },
      clientBytes: this.#messages.clientBytes(ballots),
      serverBytes: sent,
    };
  }

  async end(): Promise<void> {
    await this.#election.release();
    await this.#processes.stopServers();
    await this.#processes.end();
  }

  /** Bytes of messages that the servers have sent one another over the links that are up. */
  async #sentToPeers(): Promise<number> {
    const snapshots = await Promise.all(parties.map((party) => this.#snapshot(party)));
    return snapshots.flatMap(({ links }) => links).reduce((sum, { bytesOut }) => sum + bytesOut, 0);
  }

  #snapshot(party: Party): Promise<OperatorSnapshot> {
    return new Promise((resolve, reject) => {
      const ask = async () => {
        const console = await contactRunning(this.#processes.dir, party, {
          onSnapshot: (snapshot) => {
            resolve(snapshot as OperatorSnapshot);
            console.close();
          },
          onClose: (reason) => reject(new Error(reason)),
        });
        console.watch();
      };
      ask().catch(reject);
    });
  }
}
