import process from 'node:process';
import type { ClientTerms } from '../src/client/server-link.ts';
import { Servers } from '../src/client/servers.ts';
import { parties, partyName } from '../src/mpc/parties.ts';

/**
 * How long after its start a time is looked at again, as a part of what it has come to: all that asking adds to it.
 * Asking more often would take a noticeable part of the servers' time.
 */
const askEveryPart = 0.02;
const askMinMs = 3;
const connectMs = 10_000;

const nothing = (): void => undefined;

/** A second client, which asks the servers how many votes are final. */
export class Finality {
  readonly #servers: Servers;
  readonly #votes: [number, number, number] = [0, 0, 0];
  #changed: () => void = nothing;
  #giveUp: (why: string) => void = nothing;

  constructor(terms: ClientTerms) {
    this.#servers = new Servers(terms);
  }

  async connect(): Promise<void> {
    await this.#servers.connect(connectMs);
    if (this.#servers.up.length < 3) {
      throw new Error('Not all three servers can be reached.');
    }
    this.#servers.handle({
      onUp: () => undefined,
      onReply: (party, reply) => {
        if (reply.kind === 'status') {
          this.#votes[party] = reply.votes;
          this.#changed();
        }
      },
      onDown: (party, reason) => this.#giveUp(`Server ${partyName(party)} was lost (${reason})`),
      onFault: (party, reason) => this.#giveUp(`Server ${partyName(party)} failed (${reason})`),
    });
  }

  /**
   * When, on the clock of `process.hrtime`, all three servers have told that so many votes are final.
   * `since` is when what is measured began.
   */
  reached(votes: number, since: bigint, timeoutMs: number): Promise<bigint> {
    return new Promise((resolve, reject) => {
      let asking: NodeJS.Timeout | null = null;
      const ask = () => {
        this.#ask(votes);
        const elapsedMs = Number(process.hrtime.bigint() - since) / 1e6;
        asking = setTimeout(ask, Math.max(askMinMs, askEveryPart * elapsedMs));
      };
      const end = () => {
        clearTimeout(asking ?? undefined);
        clearTimeout(deadline);
        this.#changed = nothing;
        this.#giveUp = nothing;
      };
      this.#giveUp = (why) => {
        end();
        const told = this.#votes.join(', ');
        reject(new Error(`${why}: of ${votes} votes a, b and c have counted ${told}.`));
      };
      this.#changed = () => {
        if (this.#votes.every((count) => count >= votes)) {
          end();
          resolve(process.hrtime.bigint());
        }
      };
      const late = () => this.#giveUp('Not every ballot became final in time');
      const deadline = setTimeout(late, timeoutMs);
      ask();
    });
  }

  #ask(votes: number): void {
    for (const party of parties.filter((one) => this.#votes[one] < votes)) {
      this.#servers.link(party).send({ kind: 'status', request: 0 });
    }
  }

  stop(): Promise<void> {
    this.#giveUp('Stopped');
    return this.#servers.stop();
  }
}
