import { bytesOfWords, wordsFor, wordsFromBytes } from '../base/bits.ts';
import { toHex } from '../base/bytes.ts';
import {
  claimStatement,
  type FileClaim,
  stateFacts as stateFactsHash,
} from '../election/statements.ts';
import { next, type Party, type PerParty, perParty } from '../mpc/parties.ts';
import type { ReplicatedShare } from '../mpc/share.ts';
import { isWitnessed, talliedCount } from '../scheduler/state.ts';
import type { PeerReport, View } from '../scheduler/types.ts';
import type { PeerMessageOf, WireRelease, WireSnapshot } from '../wire/peer-messages.ts';
import { bytesOfHex, type FragmentContext, hexOf } from './context.ts';
import type { Release, TallyShare } from './ports.ts';

/** Translations between what servers keep (digests as text) and what travels (bytes). */

const hexList = (list: readonly Uint8Array[]): string[] => list.map(toHex);
const byteList = (list: readonly string[]): Uint8Array[] => list.map(bytesOfHex);

export function reportOf(message: PeerMessageOf<'state'>): PeerReport {
  return {
    epoch: message.epoch,
    sealed: message.sealed,
    final: message.final,
    tallies: message.tallies,
    head: toHex(message.head),
    tallied: message.tallied,
    runId: hexOf(message.runId),
    commitments:
      message.commitments === null
        ? null
        : { own: hexList(message.commitments.own), next: hexList(message.commitments.next) },
    rebuilding: message.rebuilding,
    witnessed: message.witnessed,
    halted: message.halted,
    flushing: message.flushing,
    view: viewFromWire(message.view),
  };
}

export const viewFromWire = (view: PerParty<Uint8Array | null>): View =>
  perParty((party) => hexOf(view[party]));

/** What a STATE says besides held and safe marks, as text. */
type StateFacts = Pick<
  PeerReport,
  'epoch' | 'sealed' | 'final' | 'tallies' | 'head' | 'tallied' | 'runId' | 'commitments'
>;

/** The hash of a STATE's facts beyond its claim. */
export function factsHash({ election, ports }: FragmentContext, facts: StateFacts): Uint8Array {
  return stateFactsHash(
    {
      electionHash: election.hash,
      head: bytesOfHex(facts.head),
      tallied: facts.tallied,
      runId: facts.runId === null ? null : bytesOfHex(facts.runId),
      own: byteList(facts.commitments?.own ?? []),
      next: byteList(facts.commitments?.next ?? []),
    },
    ports.sha256,
  );
}

/** The hash that `server` signs of its STATE. */
export function statementOf(
  context: FragmentContext,
  server: Party,
  claim: FileClaim,
  facts: Uint8Array,
): Uint8Array {
  return claimStatement(context.election.hash, server, claim, facts, context.ports.sha256);
}

/** What this server's STATE says besides held and safe marks and the signature. */
export function stateFacts({ scheduler }: FragmentContext): StateFacts {
  const { state } = scheduler;
  return {
    epoch: state.epoch,
    sealed: state.sealed,
    final: state.final,
    tallies: state.tallies,
    head: state.head,
    tallied: talliedCount(state.tallied),
    runId: state.tallied?.runId ?? null,
    commitments: state.tallied?.commitments ?? null,
  };
}

export function stateMessage(
  context: FragmentContext,
  news: { held: readonly string[]; safe: readonly string[]; whole: boolean },
  { agreed, bound }: { readonly agreed: Release | null; readonly bound: Release | null },
  signature: Uint8Array,
): PeerMessageOf<'state'> {
  const { state } = context.scheduler;
  const facts = stateFacts(context);
  return {
    kind: 'state',
    epoch: facts.epoch,
    sealed: facts.sealed,
    final: facts.final,
    tallies: facts.tallies,
    head: bytesOfHex(facts.head),
    tallied: facts.tallied,
    runId: facts.runId === null ? null : bytesOfHex(facts.runId),
    commitments:
      facts.commitments === null
        ? null
        : { own: byteList(facts.commitments.own), next: byteList(facts.commitments.next) },
    signature,
    rebuilding: state.rebuilding,
    witnessed: isWitnessed(state),
    halted: state.halt !== null,
    flushing: state.flushes.size > 0,
    castersHash: context.ports.castersHash(),
    view: [nonceBytes(state.view[0]), nonceBytes(state.view[1]), nonceBytes(state.view[2])],
    held: byteList(news.held),
    safe: byteList(news.safe),
    more: !news.whole,
    bound: agreed === null ? null : releaseToWire(agreed),
    binding: bound === null ? null : releaseToWire(bound),
  };
}

const nonceBytes = (nonce: string | null): Uint8Array | null =>
  nonce === null ? null : bytesOfHex(nonce);

export const releaseToWire = ({ pool, runId, votes, forced, by }: Release): WireRelease => ({
  pool,
  runId: bytesOfHex(runId),
  votes,
  forced,
  by,
});

export const releaseFromWire = (release: WireRelease, agreed: boolean, at: number): Release => ({
  ...release,
  runId: toHex(release.runId),
  agreed,
  shown: false,
  at,
});

/** This server's tally as `peer` is to have it: the one fragment that both hold, and all known T. */
export function snapshotFor(
  context: FragmentContext,
  peer: Party,
  tally: TallyShare,
): WireSnapshot {
  const toNext = peer === next(context.me);
  const nonce = (value: string | null) => bytesOfHex(value ?? '00'.repeat(16));
  const known = (party: Party) => {
    const list = tally.commitments[party];
    return list === null ? null : byteList(list);
  };
  return {
    count: tally.count,
    runId: bytesOfHex(tally.runId),
    nonces: [nonce(tally.nonces[0]), nonce(tally.nonces[1]), nonce(tally.nonces[2])],
    options: tally.options.map((option) => ({
      fragment: bytesOfWords(toNext ? option.next : option.own),
      salt: toNext ? option.nextSalt : option.ownSalt,
    })),
    commitments: [known(0), known(1), known(2)],
  };
}

/** A handed-over fragment as words; null where its length is not a register's. */
export function registerFromWire(
  bytes: Uint8Array,
  tallyBits: number,
): ReplicatedShare['own'] | null {
  return bytes.length === 4 * wordsFor(tallyBits) ? wordsFromBytes(bytes) : null;
}
