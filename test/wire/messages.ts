import fc from 'fast-check';
import { limits } from '../../src/base/limits.ts';
import { maxVoter } from '../../src/election/voters.ts';
import type { ClientReply, ClientRequest } from '../../src/wire/client-messages.ts';
import type { PeerMessage } from '../../src/wire/peer-messages.ts';

const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
const upTo = (size: number) => fc.uint8Array({ maxLength: size });
const digest = bytes(32);
const nonce = bytes(16);
const signature = bytes(64);
const count = fc.oneof(
  fc.nat(),
  fc.maxSafeNat(),
  fc.constantFrom(2 ** 32 - 1, 2 ** 32, maxVoter, Number.MAX_SAFE_INTEGER),
);
const epoch = fc.oneof(fc.nat(), fc.constantFrom(0, limits.epochMax));
const party = fc.constantFrom<0 | 1 | 2>(0, 1, 2);
const text = fc.string({ unit: 'grapheme', maxLength: 60 });
const nullable = <T>(item: fc.Arbitrary<T>) => fc.option(item, { nil: null });
const perOption = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: 1, maxLength: 3 });
const digests = fc.array(digest, { maxLength: 40 });

const release = fc.record({
  pool: count,
  runId: digest,
  votes: count,
  forced: fc.boolean(),
  by: party,
});
const tallyOption = fc.record({ fragment: upTo(8), salt: nonce });
const batch = fc.record({
  batchId: nonce,
  caster: digest,
  width: fc.integer({ min: 1, max: limits.widthMax }),
  voters: upTo(200),
  commitments: fc.tuple(digest, digest, digest),
  signature,
});
const snapshot = fc.record({
  count,
  runId: digest,
  nonces: fc.tuple(nonce, nonce, nonce),
  options: perOption(tallyOption),
  commitments: fc.tuple(
    nullable(perOption(digest)),
    nullable(perOption(digest)),
    nullable(perOption(digest)),
  ),
});

export const peerMessages: { [K in PeerMessage['kind']]: fc.Arbitrary<PeerMessage> } = {
  hello: fc.record({
    kind: fc.constant('hello' as const),
    protocol: count,
    electionHash: digest,
    versionHash: digest,
    remembers: nullable(
      fc.record({ epoch, sealed: count, final: count, tallies: count, facts: digest, signature }),
    ),
  }),
  state: fc.record({
    kind: fc.constant('state' as const),
    epoch,
    sealed: count,
    final: count,
    tallies: count,
    head: digest,
    tallied: count,
    runId: nullable(digest),
    commitments: nullable(fc.record({ own: perOption(digest), next: perOption(digest) })),
    signature,
    castersHash: digest,
    rebuilding: fc.boolean(),
    witnessed: fc.boolean(),
    halted: fc.boolean(),
    flushing: fc.boolean(),
    view: fc.tuple(nullable(nonce), nullable(nonce), nullable(nonce)),
    held: digests,
    safe: digests,
    more: fc.boolean(),
    bound: nullable(release),
    binding: nullable(release),
  }),
  pool: fc.record({
    kind: fc.constant('pool' as const),
    number: count,
    batches: fc.array(digest, { minLength: 1, maxLength: 40 }),
    digest,
    signature,
  }),
  give: fc.record({ kind: fc.constant('give' as const), batch, opening: upTo(3_000) }),
  round: fc.record({
    kind: fc.constant('round' as const),
    runId: digest,
    round: fc.integer({ min: 0, max: 64 }),
    words: upTo(3_000),
  }),
  'hand-over': fc.record({
    kind: fc.constant('hand-over' as const),
    tally: nullable(snapshot),
    release: nullable(release),
    agreed: fc.boolean(),
    released: nullable(snapshot),
  }),
  'propose-release': fc.record({
    kind: fc.constant('propose-release' as const),
    proposal: nonce,
    release,
  }),
  'agree-release': fc.record({
    kind: fc.constant('agree-release' as const),
    proposal: nonce,
    pool: count,
    runId: digest,
  }),
  'refuse-release': fc.record({
    kind: fc.constant('refuse-release' as const),
    proposal: nonce,
    reason: text,
    certain: fc.boolean(),
    agreed: nullable(release),
  }),
};

export const clientRequests: { [K in ClientRequest['kind']]: fc.Arbitrary<ClientRequest> } = {
  hello: fc.record({ kind: fc.constant('hello' as const), protocol: count, electionHash: digest }),
  cast: fc.record({
    kind: fc.constant('cast' as const),
    request: count,
    batch,
    own: upTo(16),
    next: upTo(3_000),
  }),
  tally: fc.record({ kind: fc.constant('tally' as const), request: count }),
  status: fc.record({ kind: fc.constant('status' as const), request: count }),
};

export const clientReplies: { [K in ClientReply['kind']]: fc.Arbitrary<ClientReply> } = {
  welcome: fc.record({
    kind: fc.constant('welcome' as const),
    protocol: count,
    roles: fc.subarray<'caster' | 'teller'>(['caster', 'teller']),
    ballotsPerBatchMax: count,
  }),
  stored: fc.record({ kind: fc.constant('stored' as const), request: count, digest, signature }),
  refused: fc.record({
    kind: fc.constant('refused' as const),
    request: nullable(count),
    reason: text,
  }),
  busy: fc.record({
    kind: fc.constant('busy' as const),
    request: count,
    retryMs: fc.integer({ min: 0, max: 60_000 }),
    reason: text,
  }),
  safe: fc.record({ kind: fc.constant('safe' as const), digest }),
  sealed: fc.record({
    kind: fc.constant('sealed' as const),
    digest,
    pool: count,
    duplicates: nullable(upTo(limits.ballotsPerBatchMax / 8)),
  }),
  tallied: fc.record({
    kind: fc.constant('tallied' as const),
    request: count,
    pool: count,
    runId: digest,
    votes: count,
    options: perOption(tallyOption),
    own: perOption(digest),
    next: perOption(digest),
    waiting: text,
  }),
  status: fc.record({
    kind: fc.constant('status' as const),
    request: count,
    ready: fc.boolean(),
    reason: text,
    sealed: count,
    final: count,
    votes: count,
  }),
};
