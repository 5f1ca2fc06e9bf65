import process from 'node:process';
import type { CastingSnapshot } from '../client/cast-outcome.ts';
import type { Servers } from '../client/servers.ts';
import type { ClientScreen } from '../console/client-screen.tsx';
import { glyphsFor } from '../console/mode.ts';
import { presentVoting } from '../console/present-voting.ts';
import {
  beginVoting,
  isWorthPicture,
  noticed,
  observed,
  stopping,
  type VotingServer,
  type VotingSnapshot,
  type VotingState,
} from '../console/voting.ts';
import { type Party, parties, partyName } from '../mpc/parties.ts';
import type { Interruption } from './client-places.ts';
import type { CastDisplay } from './client-progress.ts';
import { loadClientScreen } from './client-screen.ts';
import { messageOf } from './failure.ts';

/** Most jobs are done before this: they load no Ink and never leave the lines. */
const pictureAfterMs = 400;
/** How often a job that is nearly done by then is looked at again. */
const considerEveryMs = 250;

interface VotingTerms {
  readonly title: string;
  readonly resume: string;
  /** Ballots of the first job; 0 where that is not known before it begins. */
  readonly total: number;
  readonly servers: Servers;
  readonly interruption: Interruption;
}

/**
 * Shows on the whole screen how casting goes, once it has gone on for a moment, and gives the screen back before the
 * final lines. What happens in between is only noted: the screen's own clock looks at it.
 */
export class VotingDisplay implements CastDisplay {
  readonly #terms: VotingTerms;
  readonly #glyphs = glyphsFor(process.env);
  #latest: CastingSnapshot | null = null;
  #state: VotingState;
  #timer: NodeJS.Timeout | null = null;
  #screen: ClientScreen | null = null;
  /** Counts the pictures that were begun: one that is over by the time Ink is loaded is not shown. */
  #picture = 0;
  /** Notices that came while the picture hid the lines. */
  readonly #hidden: string[] = [];

  constructor(terms: VotingTerms) {
    this.#terms = terms;
    this.#state = beginVoting(terms, this.#now(), performance.now());
    this.#begin();
  }

  show(snapshot: CastingSnapshot): void {
    if (this.#timer === null && this.#latest === null) {
      this.#state = beginVoting(this.#terms, this.#now(), performance.now());
      this.#begin();
    }
    const isFirst = this.#latest === null;
    this.#latest = snapshot;
    if (isFirst) {
      // The average speed counts from here, not from when there is a picture.
      this.#observe(performance.now());
    }
  }

  notice(line: string): void {
    this.#state = noticed(this.#state, line);
    if (this.#screen === null) {
      process.stderr.write(`${line}\n`);
    } else {
      this.#hidden.push(line);
    }
  }

  /** Gives the screen back; the notices of the meantime stay to be read. */
  clear(): void {
    this.#picture += 1;
    clearTimeout(this.#timer ?? undefined);
    this.#timer = null;
    this.#latest = null;
    this.#screen?.close();
    this.#screen = null;
    for (const line of this.#hidden.splice(0)) {
      process.stderr.write(`${line}\n`);
    }
  }

  #begin(): void {
    this.#timer = setTimeout(() => this.#consider(), pictureAfterMs);
  }

  #consider(): void {
    const now = performance.now();
    this.#observe(now);
    if (isWorthPicture(this.#state, now)) {
      void this.#open();
    } else {
      this.#timer = setTimeout(() => this.#consider(), considerEveryMs);
    }
  }

  async #open(): Promise<void> {
    const picture = this.#picture;
    try {
      const { openClientScreen } = await loadClientScreen();
      if (picture !== this.#picture) {
        return;
      }
      this.#screen = openClientScreen({
        input: process.stdin,
        output: process.stdout,
        picture: (size) => {
          const now = performance.now();
          this.#observe(now);
          return { lines: presentVoting(this.#state, size, this.#glyphs, now), cursor: null };
        },
        onKey: (event) => {
          if (event.kind === 'key' && event.ctrl && event.name === 'c') {
            this.#terms.interruption.interrupt('SIGINT');
          }
        },
        // The two others are heard by the interruption itself.
        onLeave: (signal) =>
          signal === 'SIGHUP' ? this.#terms.interruption.interrupt(signal) : undefined,
      });
    } catch (error) {
      // Casting goes on whatever becomes of its picture.
      this.notice(`The picture cannot be shown: ${messageOf(error)}`);
    }
  }

  #observe(now: number): void {
    this.#state = observed(this.#state, this.#now(), now);
    if (this.#terms.interruption.signal.aborted) {
      this.#state = stopping(this.#state);
    }
  }

  #now(): VotingSnapshot {
    const { servers, total } = this.#terms;
    const latest = this.#latest;
    const known = latest ?? { total, cast: 0, waiting: 0, refused: 0, duplicates: 0 };
    return {
      phase: latest?.phase ?? 'connecting',
      total: known.total,
      cast: known.cast,
      waiting: known.waiting,
      refused: known.refused,
      duplicates: known.duplicates,
      servers: parties.map((party) => serverIn(servers, party, latest?.acknowledged[party] ?? 0)),
    };
  }
}

function serverIn(servers: Servers, party: Party, acknowledged: number): VotingServer {
  const { state, reason } = servers.link(party);
  const name = partyName(party);
  switch (state) {
    case 'up':
      return { name, state: 'up', reason: '', acknowledged };
    case 'faulty':
      return { name, state: 'unusable', reason, acknowledged };
    default:
      return { name, state: reason === '' ? 'dialing' : 'down', reason, acknowledged };
  }
}
