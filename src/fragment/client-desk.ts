import { assert, present } from '../base/assert.ts';
import { bytesOfWords } from '../base/bits.ts';
import { equalBytes, toHex } from '../base/bytes.ts';
import { limits } from '../base/limits.ts';
import { next } from '../mpc/parties.ts';
import type { SchedulerEvent } from '../scheduler/effects.ts';
import type { ClientRequest } from '../wire/client-messages.ts';
import type { Casting } from './casting.ts';
import type { OperatorCommand } from './commands.ts';
import { bytesOfHex, type FragmentContext } from './context.ts';
import type { ClientIdentity } from './events.ts';
import { releaseLines, zeroTallyLines } from './present-tally.ts';
import type { ReleaseOutcome } from './release-book.ts';
import type { Releases } from './releases.ts';
import type { Statuses } from './statuses.ts';
import { obstacle, waitingOf } from './waiting.ts';

/** What the desk works with. */
export interface ClientParts {
  readonly casting: Casting;
  readonly statuses: Statuses;
  readonly releases: Releases;
  readonly protocol: number;
  /** Hands an event to the scheduler and carries out what it wants. */
  tell(event: SchedulerEvent, now: number): void;
}

/** Answers clients and the operator commands that need the core: printing, flushing, another run. */
export class ClientDesk {
  readonly #context: FragmentContext;
  readonly #casting: Casting;
  readonly #statuses: Statuses;
  readonly #releases: Releases;
  readonly #protocol: number;
  readonly #tell: (event: SchedulerEvent, now: number) => void;
  readonly #greeted = new Set<number>();

  constructor(context: FragmentContext, parts: ClientParts) {
    const { casting, statuses, releases, protocol, tell } = parts;
    this.#context = context;
    this.#casting = casting;
    this.#statuses = statuses;
    this.#releases = releases;
    this.#protocol = protocol;
    this.#tell = tell;
  }

  gone(connection: number): void {
    this.#greeted.delete(connection);
    this.#statuses.forget(connection);
  }

  hear(connection: number, client: ClientIdentity, message: ClientRequest, now: number): void {
    const { out } = this.#context;
    if (message.kind === 'hello') {
      this.#hearHello(connection, client, message);
    } else if (!this.#greeted.has(connection)) {
      out.toClient(connection, {
        kind: 'refused',
        request: message.request,
        reason: 'a client says hello first',
      });
    } else if (message.kind === 'cast') {
      this.#casting.cast(connection, client, message, now);
    } else if (message.kind === 'tally') {
      this.#tally(connection, client, message.request, now);
    } else {
      this.#status(connection, message.request);
    }
  }

  #hearHello(
    connection: number,
    client: ClientIdentity,
    message: Extract<ClientRequest, { kind: 'hello' }>,
  ): void {
    const { out, election } = this.#context;
    const refuse = (reason: string) =>
      out.toClient(connection, { kind: 'refused', request: null, reason });
    if (message.protocol !== this.#protocol) {
      refuse(
        `this server speaks protocol ${this.#protocol}, the client ${message.protocol}: install the same version`,
      );
    } else if (equalBytes(message.electionHash, election.hash)) {
      this.#greeted.add(connection);
      const roles = [...client.roles];
      const ballotsPerBatchMax = limits.ballotsPerBatchMax;
      out.toClient(connection, {
        kind: 'welcome',
        protocol: this.#protocol,
        roles,
        ballotsPerBatchMax,
      });
    } else {
      refuse(
        'the client has another election file than this server: get the right election.json from an operator',
      );
    }
  }

  #tally(connection: number, client: ClientIdentity, request: number, now: number): void {
    const { out } = this.#context;
    if (!client.roles.includes('teller')) {
      const reason =
        'this client may not collect tallies: an operator has to admit it as a teller (fribs setup --allow)';
      out.toClient(connection, { kind: 'refused', request, reason });
      return;
    }
    this.#releases.request(false, (outcome) => this.#tellTeller(connection, request, outcome), now);
  }

  #tellTeller(connection: number, request: number, outcome: ReleaseOutcome): void {
    const { out, me } = this.#context;
    if (outcome.kind === 'refused') {
      out.toClient(connection, { kind: 'refused', request, reason: outcome.reason });
      return;
    }
    const { release, tally, note } = outcome;
    const list = (of: readonly string[] | null) =>
      present(of, 'T of a held fragment').map(bytesOfHex);
    out.toClient(connection, {
      kind: 'tallied',
      request,
      pool: release.pool,
      runId: bytesOfHex(release.runId),
      votes: release.votes,
      options: tally.options.map(({ own, ownSalt }) => ({
        fragment: bytesOfWords(own),
        salt: ownSalt,
      })),
      own: list(tally.commitments[me]),
      next: list(tally.commitments[next(me)]),
      waiting:
        note === ''
          ? waitingOf(this.#context, this.#casting).lines.join('; ').slice(0, 1_000)
          : note,
    });
  }

  #status(connection: number, request: number): void {
    const { out, scheduler } = this.#context;
    const { state } = scheduler;
    const why = obstacle(this.#context);
    const votes = state.finalVotes;
    out.toClient(connection, {
      kind: 'status',
      request,
      ready: why === '',
      reason: why,
      sealed: state.sealed,
      final: state.final,
      votes,
    });
  }

  /** The operator commands that the core answers itself. */
  command(id: number, command: OperatorCommand, deadline: number, now: number): void {
    switch (command.kind) {
      case 'print-tally':
        return this.#printTally(id, command.force, now);
      case 'flush-tally':
        this.#tell({ kind: 'flush', id, deadline }, now);
        return;
      case 'rerun-pool':
        return this.#rerun(id, now);
      default:
        assert(false, 'the other commands are answered from the snapshot');
    }
  }

  #printTally(id: number, force: boolean, now: number): void {
    const { out, election, scheduler } = this.#context;
    if (scheduler.state.final === 0 && !scheduler.state.rebuilding) {
      const { lines } = waitingOf(this.#context, this.#casting);
      out.answer(id, zeroTallyLines(election, lines), true);
      return;
    }
    this.#releases.request(
      force,
      (outcome) => {
        const waiting = waitingOf(this.#context, this.#casting);
        out.answer(id, releaseLines(election, outcome, waiting.lines), outcome.kind === 'shown');
      },
      now,
    );
  }

  #rerun(id: number, now: number): void {
    const { scheduler, out, ports } = this.#context;
    if (scheduler.state.halt === null) {
      out.answer(id, ['There is no TAMPERING to settle.'], false);
      return;
    }
    const nonce = toHex(ports.random(16));
    this.#tell({ kind: 'rerun', nonce }, now);
    out.answer(
      id,
      [
        'This server goes on. A pool is run again, and later ones after it, once all three operators have agreed.',
      ],
      true,
    );
  }

  /** A flush is done or out of time. */
  flushed(id: number, complete: boolean): void {
    const { scheduler, out } = this.#context;
    const votes = scheduler.state.finalVotes;
    const waiting = waitingOf(this.#context, this.#casting);
    const because = waiting.ballots === 0 ? '' : ` (${waiting.lines.join('; ')})`;
    out.answer(
      id,
      [`Flushed: ${votes} ballots tallied, ${waiting.ballots} waiting${because}`],
      complete,
    );
  }
}
