import { present, unreachable } from '../base/assert.ts';
import { type Bytes, equalBytes, toHex } from '../base/bytes.ts';
import { limits } from '../base/limits.ts';
import { type FileClaim, poolStatement } from '../election/statements.ts';
import { next, type Party, type PerParty, partyName, partyOf } from '../mpc/parties.ts';
import type { SchedulerEvent } from '../scheduler/effects.ts';
import { peersOf } from '../scheduler/hear.ts';
import { isWitnessed } from '../scheduler/state.ts';
import type { PeerReport } from '../scheduler/types.ts';
import type { PeerMessage, PeerMessageOf, WireClaim } from '../wire/peer-messages.ts';
import type { Casting } from './casting.ts';
import type { FragmentContext } from './context.ts';
import type { Remembered, TallyShare } from './ports.ts';
import type { Rebuilding } from './rebuilding.ts';
import type { Releases } from './releases.ts';
import type { Runner } from './runner.ts';
import { factsHash, reportOf, statementOf } from './wire-reports.ts';

/** Servers that speak another version refuse each other. */
export const protocolVersion = 1;

/** What a link is good for: nothing but a hello is taken from a peer that has not said it yet. */
interface LinkFacts {
  readonly secret: Bytes;
  greeted: boolean;
  /** The STATE facts whose signature was checked last, so that the same ones need no second check. */
  verified: string;
  /** The peer's list of casters, hashed; null before its first STATE. */
  casters: string | null;
}

/** What the desk hands messages on to. */
export interface PeerParts {
  readonly casting: Casting;
  readonly runner: Runner;
  readonly releases: Releases;
  readonly rebuilding: Rebuilding;
  /** Hands an event to the scheduler and carries out what it wants. */
  tell(event: SchedulerEvent, now: number): void;
  finishRun(share: TallyShare, now: number): void;
}

/** Hears the two peers: checks who says what and with which signature, then hands it on. */
export class PeerDesk {
  readonly #context: FragmentContext;
  readonly #parts: PeerParts;
  readonly #links: [LinkFacts | null, LinkFacts | null, LinkFacts | null] = [null, null, null];
  /** The newest claim of each peer that its signature was checked of. */
  readonly #remembered: [Remembered | null, Remembered | null, Remembered | null];
  /** Peers of whom there is a newer claim than the store has. */
  readonly #toRemember = new Set<Party>();

  constructor(context: FragmentContext, parts: PeerParts, remembered: PerParty<Remembered | null>) {
    this.#context = context;
    this.#parts = parts;
    this.#remembered = [...remembered];
  }

  /** The secrets of the links of now, by peer. */
  get secrets(): PerParty<Bytes | null> {
    const [a, b, c] = this.#links;
    return [a?.secret ?? null, b?.secret ?? null, c?.secret ?? null];
  }

  linkUp(peer: Party, secret: Bytes, now: number): void {
    const { election, out } = this.#context;
    this.#links[peer] = { secret, greeted: false, verified: '', casters: null };
    out.toPeer(peer, {
      kind: 'hello',
      protocol: protocolVersion,
      electionHash: election.hash,
      versionHash: election.versionHash,
      remembers: this.#remembered[peer],
    });
    this.#parts.tell({ kind: 'link-up', peer }, now);
  }

  linkDown(peer: Party, now: number): void {
    const { ports, out, me } = this.#context;
    this.#links[peer] = null;
    out.closed(peer);
    this.#parts.casting.linkDown(peer);
    this.#parts.rebuilding.linkDown(peer);
    if (peer === next(me)) {
      this.#parts.runner.nextLinkDown();
    }
    this.rememberPeers();
    this.#parts.tell({ kind: 'link-down', peer, nonce: toHex(ports.random(16)) }, now);
    this.#parts.releases.linkDown(peer, now);
  }

  hear(peer: Party, message: PeerMessage, now: number): void {
    const link = this.#links[peer];
    if (link === null || this.#context.out.isClosing(peer)) {
      return; // a message that was on its way when its link ended
    }
    if (message.kind === 'hello') {
      this.#hearHello(peer, link, message, now);
    } else if (link.greeted) {
      this.#hearGreeted(peer, link, message, now);
    } else {
      this.#context.out.refusePeer(peer, 'it spoke before its hello');
    }
  }

  #hearHello(peer: Party, link: LinkFacts, message: PeerMessageOf<'hello'>, now: number): void {
    const { out } = this.#context;
    const fault = this.#helloFault(link, message);
    if (fault !== null) {
      out.refusePeer(peer, fault);
      return;
    }
    link.greeted = true;
    out.notice('info', `scheduler: Server ${peer + 1} is connected`);
    this.#recogniseLoss(peer, message.remembers, now);
  }

  /** A claim of this server's own, with its signature: having less than it once signed means a lost disk or an older copy. */
  #recogniseLoss(peer: Party, claim: WireClaim | null, now: number): void {
    const { scheduler, ports, election, me, out } = this.#context;
    const { state } = scheduler;
    if (claim === null || claim.epoch < state.epoch) {
      return;
    }
    if (claim.epoch === state.epoch && !isFurther(claim, state)) {
      return;
    }
    const statement = statementOf(this.#context, me, claim, claim.facts);
    if (!ports.verify(election.version.servers[me].certificate, statement, claim.signature)) {
      out.refusePeer(peer, 'it shows a claim that this server never signed');
      return;
    }
    if (claim.epoch === limits.epochMax) {
      // Signed with this server's key, but never by one that follows the protocol: there is no epoch to go on in.
      out.refusePeer(peer, 'it shows that this server has signed the last epoch there is');
      return;
    }
    const why = `server ${partyName(peer)} shows that this server has signed more than its file holds: it is an older copy, or incomplete`;
    const nonce = toHex(ports.random(16));
    this.#parts.tell({ kind: 'lost', why, epoch: claim.epoch, nonce }, now);
  }

  /** Stores the newest claims of the peers. */
  rememberPeers(): void {
    for (const peer of this.#toRemember) {
      const remembered = present(this.#remembered[peer], 'a claim');
      this.#context.out.store({ kind: 'remember-peer', peer, remembered });
    }
    this.#toRemember.clear();
  }

  #helloFault(link: LinkFacts, message: PeerMessageOf<'hello'>): string | null {
    const { election } = this.#context;
    if (link.greeted) {
      return 'it said hello twice';
    }
    if (message.protocol !== protocolVersion) {
      return `it speaks protocol ${message.protocol}, this server ${protocolVersion}: install the same version at all three`;
    }
    if (!equalBytes(message.electionHash, election.hash)) {
      return 'it has another election file: all three servers need the same election.json';
    }
    return equalBytes(message.versionHash, election.versionHash)
      ? null
      : 'its election file names other servers: all three servers need the same election.json';
  }

  #hearGreeted(
    peer: Party,
    link: LinkFacts,
    message: Exclude<PeerMessage, { kind: 'hello' }>,
    now: number,
  ): void {
    switch (message.kind) {
      case 'state':
        return this.#hearState(peer, link, message, now);
      case 'pool':
        return this.#hearPool(peer, message, now);
      case 'give':
        return this.#parts.casting.receive(peer, message, now);
      case 'round':
        return this.#hearRound(peer, message, now);
      case 'hand-over':
        return this.#hearHandOver(peer, message, now);
      case 'propose-release':
        return this.#parts.releases.hearProposal(peer, message, now);
      case 'agree-release':
        return this.#parts.releases.hearAgreement(message, now);
      case 'refuse-release':
        return this.#parts.releases.hearRefusal(peer, message, now);
      default:
        return unreachable(message);
    }
  }

  #hearState(peer: Party, link: LinkFacts, message: PeerMessageOf<'state'>, now: number): void {
    const { ports, election, out } = this.#context;
    const report = reportOf(message);
    const facts = factsHash(this.#context, report);
    const statement = statementOf(this.#context, peer, report, facts);
    const key = `${toHex(statement)} ${toHex(message.signature)}`;
    if (link.verified !== key) {
      if (!ports.verify(election.version.servers[peer].certificate, statement, message.signature)) {
        out.refusePeer(peer, 'the signature of its STATE is not its own');
        return;
      }
      link.verified = key;
    }
    // Also where the same words were heard before: the signature does not cover whether the peer is witnessed.
    this.#remember(peer, report, facts, message.signature);
    this.#compareCasters(peer, link, toHex(message.castersHash));
    const held = message.held.map(toHex);
    const safe = message.safe.map(toHex);
    const { state } = this.#context.scheduler;
    if (!(state.rebuilding || isWitnessed(state))) {
      this.#parts.releases.hearBinding(message, now);
    }
    this.#parts.tell({ kind: 'state', peer, report, held, safe, whole: !message.more }, now);
    if (!(message.more || out.isClosing(peer))) {
      out.acceptPeer(peer);
    }
    this.#parts.releases.hearBound(message.bound, now);
  }

  #compareCasters(peer: Party, link: LinkFacts, casters: string): void {
    if (link.casters !== casters) {
      link.casters = casters;
      this.#warnOfCasters(peer, casters);
    }
  }

  /** Different lists are no fault, but all consoles say so: ballots of a caster whom one of us does not know wait. */
  #warnOfCasters(peer: Party, casters: string): void {
    const { out, ports } = this.#context;
    if (casters !== toHex(ports.castersHash())) {
      const name = partyName(peer);
      out.notice(
        'warning',
        `server ${name} has another list of casters; ballots of one whom it or we do not know wait`,
      );
    }
  }

  /** This server's own list is another one now. */
  castersChanged(): void {
    for (const peer of peersOf(this.#context.me)) {
      const casters = this.#links[peer]?.casters ?? null;
      if (casters !== null) {
        this.#warnOfCasters(peer, casters);
      }
    }
  }

  /** A peer claims nothing while it is being rebuilt, nor while its file may be an older copy, which would hide the newer claim. */
  #remember(peer: Party, report: PeerReport, facts: Bytes, signature: Bytes): void {
    const { epoch, sealed, final, tallies, rebuilding, witnessed } = report;
    const before = this.#remembered[peer];
    const newer =
      before === null ||
      epoch > before.epoch ||
      (epoch === before.epoch && isFurther(report, before));
    if (!rebuilding && witnessed && newer) {
      this.#remembered[peer] = { epoch, sealed, final, tallies, facts, signature };
      this.#toRemember.add(peer);
    }
  }

  #hearPool(peer: Party, message: PeerMessageOf<'pool'>, now: number): void {
    const { ports, election, out } = this.#context;
    const proposer = partyOf(message.number % 3);
    const statement = poolStatement(election.hash, message, ports.sha256);
    if (
      !ports.verify(election.version.servers[proposer].certificate, statement, message.signature)
    ) {
      out.refusePeer(
        peer,
        `it sent pool ${message.number} without the signature of its proposer, server ${partyName(proposer)}`,
      );
      return;
    }
    const pool = {
      number: message.number,
      batches: message.batches.map(toHex),
      digest: toHex(message.digest),
      proposer,
      signature: toHex(message.signature),
    };
    this.#parts.tell({ kind: 'pool', peer, pool }, now);
  }

  #hearRound(peer: Party, message: PeerMessageOf<'round'>, now: number): void {
    if (peer !== next(this.#context.me)) {
      this.#context.out.refusePeer(peer, 'it sent a round to the wrong server');
      return;
    }
    const share = this.#parts.runner.hear(message);
    if (share !== null) {
      this.#parts.finishRun(share, now);
    }
  }

  #hearHandOver(peer: Party, message: PeerMessageOf<'hand-over'>, now: number): void {
    const report = this.#context.scheduler.state.links[peer]?.report ?? null;
    const taken = this.#parts.rebuilding.receive(peer, message, report, now);
    if (!taken.ok) {
      this.#context.out.audit(now, 'bad hand-over', `server ${partyName(peer)}: ${taken.reason}`);
      this.#context.out.refusePeer(peer, taken.reason);
    }
  }
}

/** Whether a file had come further, in any respect, than another of the same epoch. */
const isFurther = (claim: Omit<FileClaim, 'epoch'>, than: Omit<FileClaim, 'epoch'>): boolean =>
  claim.sealed > than.sealed || claim.final > than.final || claim.tallies > than.tallies;
