import process from 'node:process';
import type { OpenedTally } from '../client/open-tally.ts';
import type { Servers } from '../client/servers.ts';
import type { TallyProgress } from '../client/tally-request.ts';
import type { ClientScreen } from '../console/client-screen.tsx';
import { glyphsFor } from '../console/mode.ts';
import { presentRecombination } from '../console/present-recombination.ts';
import {
  beginRecombination,
  type ListRules,
  type RecombinationEvent,
  recombination,
} from '../console/recombination.ts';
import type { Election } from '../election/types.ts';
import type { Interruption } from './client-places.ts';
import { loadClientScreen } from './client-screen.ts';
import { checksOf, slotsOf } from './tally-slots.ts';

/** How long the picture of what came out stays, unless a key is pressed. */
const resultShownMs = 1_500;

/** Nothing is pasted while the servers are asked. */
const noRules: ListRules = {
  read: () => ({ tallies: [], fault: null, unfinished: false }),
  fault: () => null,
  recombine: () => ({ ok: false, reason: '' }),
};

/** Shows on the whole screen which server has answered what, and what comes of it. */
export class TallyDisplay {
  readonly #election: Election;
  readonly #servers: Servers;
  readonly #interruption: Interruption;
  readonly #opening: Promise<void>;
  #state;
  #progress: TallyProgress | null = null;
  #result: OpenedTally | null = null;
  #problem = '';
  #screen: ClientScreen | null = null;
  #isClosing: boolean = false;
  #onOver: () => void = () => undefined;

  constructor(election: Election, servers: Servers, interruption: Interruption) {
    this.#election = election;
    this.#servers = servers;
    this.#interruption = interruption;
    this.#state = beginRecombination('ask', election.terms.title);
    // Loaded while the servers are dialed.
    this.#opening = this.#open();
    this.#opening.catch(() => undefined);
  }

  told(progress: TallyProgress): void {
    this.#progress = progress;
    this.#screen?.draw();
  }

  /** Shows the result for a moment. */
  async opened(tally: OpenedTally): Promise<void> {
    this.#result = tally;
    await this.#linger();
  }

  /** Shows the reason for a moment. */
  async failed(problem: string): Promise<void> {
    this.#problem = problem;
    await this.#linger();
  }

  /** Gives the screen back. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#opening.catch(() => undefined);
    this.#screen?.close();
    this.#screen = null;
  }

  async #open(): Promise<void> {
    const { openClientScreen } = await loadClientScreen();
    if (this.#isClosing) {
      return;
    }
    this.#screen = openClientScreen({
      input: process.stdin,
      output: process.stdout,
      picture: (size) => {
        this.#look();
        return presentRecombination(this.#state, size, glyphsFor(process.env));
      },
      onKey: (event) => this.#key(event),
      onLeave: (signal) => {
        // The two others are heard by the interruption itself.
        if (signal === 'SIGHUP') {
          this.#interruption.interrupt(signal);
        }
        this.#onOver();
      },
    });
  }

  #look(): void {
    const isOver = this.#result !== null || this.#problem !== '';
    const outcome = this.#result === null ? 'failed' : 'opened';
    this.#state = recombination(
      this.#state,
      {
        kind: 'told',
        slots: slotsOf(this.#election, this.#servers, this.#progress),
        checks: checksOf(this.#progress, isOver ? outcome : 'none'),
        result: this.#result,
        problem: this.#problem,
      },
      noRules,
    );
  }

  #key(event: RecombinationEvent): void {
    this.#state = recombination(this.#state, event, noRules);
    if (this.#state.leaving === 'interrupted') {
      this.#interruption.interrupt('SIGINT');
    }
    if (this.#state.leaving !== 'no') {
      this.#onOver();
    }
  }

  async #linger(): Promise<void> {
    await this.#opening.catch(() => undefined);
    const screen = this.#screen;
    if (screen === null) {
      return;
    }
    screen.draw();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, resultShownMs);
      this.#onOver = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
