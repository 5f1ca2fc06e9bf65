import { z } from 'zod';
import { limits } from '../base/limits.ts';
import {
  bytesOf,
  bytesUpTo,
  count,
  digest,
  epoch,
  nonce,
  opening,
  party,
  perOption,
  reason,
  signature,
  wireBatch,
} from './schema.ts';

/** What a server says of a pool that somebody wants to show: the pool, its run and its size. */
const release = z.strictObject({
  pool: count,
  runId: digest,
  votes: count,
  forced: z.boolean(),
  by: party,
});
export type WireRelease = z.infer<typeof release>;

const commitments = z.strictObject({ own: perOption(digest), next: perOption(digest) });

const state = z.strictObject({
  kind: z.literal('state'),
  /** How often the sender's file was rebuilt: a newer file's is higher. */
  epoch,
  sealed: count,
  final: count,
  /** How many tallies the sender's file has ever had, those included that it stepped back from. */
  tallies: count,
  head: digest,
  tallied: count,
  runId: digest.nullable(),
  commitments: commitments.nullable(),
  /** Over all of the above (election/statements). */
  signature,
  rebuilding: z.boolean(),
  /** Both peers have told the sender, since it started, how far they know its file to have come. */
  witnessed: z.boolean(),
  /** Under TAMPERING: nobody is rebuilt from this tally. */
  halted: z.boolean(),
  flushing: z.boolean(),
  /** Over the list of those who may cast: ballots of a caster whom not all three know wait. */
  castersHash: digest,
  view: z.tuple([nonce.nullable(), nonce.nullable(), nonce.nullable()]),
  /** Since the last STATE on this link: batches in no sealed pool that are held, and safe, now. */
  held: z.array(digest).max(limits.digestsPerStateMax),
  safe: z.array(digest).max(limits.digestsPerStateMax),
  /** The list did not fit: more STATEs follow, and only the last of them counts as whole. */
  more: z.boolean(),
  /** The newest release that two servers are bound to. */
  bound: release.nullable(),
  /** The newest that the sender is bound to, be it by its own proposal alone. */
  binding: release.nullable(),
});

/** How far a server's file had come, under that server's own signature (election/statements). */
const claim = z.strictObject({
  epoch,
  sealed: count,
  final: count,
  tallies: count,
  facts: digest,
  signature,
});
export type WireClaim = z.infer<typeof claim>;

/** The first message on a link, each way. Its STATE follows at once. */
const hello = z.strictObject({
  kind: z.literal('hello'),
  protocol: count,
  electionHash: digest,
  versionHash: digest,
  /** The receiver's own newest claim that the sender has heard: with less in its file it has lost something. */
  remembers: claim.nullable(),
});

const pool = z.strictObject({
  kind: z.literal('pool'),
  number: count,
  batches: z.array(digest).min(1).max(limits.batchesPerPoolMax),
  digest,
  /** The proposer's, whoever hands the pool over (election/statements). */
  signature,
});

const give = z.strictObject({
  kind: z.literal('give'),
  batch: wireBatch,
  /** Fragment i from the previous server of i, fragment i+1 from its next. */
  opening,
});

const round = z.strictObject({
  kind: z.literal('round'),
  runId: digest,
  round: z.int().min(0).max(64),
  /** The frame holds the rest of the message as well. */
  words: bytesUpTo(limits.frameBytesMax - 1_024),
});

const tallyOption = z.strictObject({ fragment: bytesUpTo(8), salt: bytesOf(16) });

const snapshot = z.strictObject({
  count,
  runId: digest,
  nonces: z.tuple([nonce, nonce, nonce]),
  /** The receiver's fragment that the sender holds too, per option. */
  options: perOption(tallyOption),
  /** T_0, T_1, T_2 as far as the sender knows them. */
  commitments: z.tuple([
    perOption(digest).nullable(),
    perOption(digest).nullable(),
    perOption(digest).nullable(),
  ]),
});
export type WireSnapshot = z.infer<typeof snapshot>;

/** To a server that is being rebuilt: the newest tally, and the one that the newest release showed. */
const handOver = z.strictObject({
  kind: z.literal('hand-over'),
  tally: snapshot.nullable(),
  /** What the sender is bound to, and whether two servers are. */
  release: release.nullable(),
  agreed: z.boolean(),
  released: snapshot.nullable(),
});

/** `proposal` is random, and names the proposal that an answer is to: a late answer to an earlier one counts for nothing. */
const proposeRelease = z.strictObject({
  kind: z.literal('propose-release'),
  proposal: nonce,
  release,
});
const agreeRelease = z.strictObject({
  kind: z.literal('agree-release'),
  proposal: nonce,
  pool: count,
  runId: digest,
});
const refuseRelease = z.strictObject({
  kind: z.literal('refuse-release'),
  proposal: nonce,
  reason,
  /** The refusing server has not agreed to this release, and nobody can have its word that it did. */
  certain: z.boolean(),
  /** The newest release that two servers are bound to, as far as the refusing one knows. */
  agreed: release.nullable(),
});

export const peerMessage = z.discriminatedUnion('kind', [
  hello,
  state,
  pool,
  give,
  round,
  handOver,
  proposeRelease,
  agreeRelease,
  refuseRelease,
]);
export type PeerMessage = z.infer<typeof peerMessage>;
export type PeerMessageOf<K extends PeerMessage['kind']> = Extract<PeerMessage, { kind: K }>;
