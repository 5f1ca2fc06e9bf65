import fc from 'fast-check';
import type {
  LinkSnapshot,
  OperatorSnapshot,
  PeerSnapshot,
  QueueEntry,
  ReleaseSnapshot,
  WorkSnapshot,
} from '../../src/fragment/snapshot.ts';
import { anyReason, anyText } from './texts.ts';

export const exampleLink = (changes: Partial<LinkSnapshot> = {}): LinkSnapshot => ({
  server: 'b',
  state: 'up',
  sinceMs: 840_000,
  retryInMs: null,
  tries: 0,
  reason: null,
  messagesIn: 41_032,
  messagesOut: 40_982,
  bytesIn: 5_123_456,
  bytesOut: 4_987_654,
  roundTripMs: 1.23,
  ...changes,
});

export const examplePeer = (changes: Partial<PeerSnapshot> = {}): PeerSnapshot => ({
  server: 'b',
  up: true,
  rebuilding: false,
  sealed: 14,
  tallied: 13,
  ...changes,
});

export const exampleEntry = (changes: Partial<QueueEntry> = {}): QueueEntry => ({
  batch: '7f3a09c1',
  ballots: 4_096,
  state: 'schedulable',
  holders: 'abc',
  ageMs: 300,
  ...changes,
});

export const exampleRelease = (changes: Partial<ReleaseSnapshot> = {}): ReleaseSnapshot => ({
  pool: 12,
  votes: 1_204,
  forced: false,
  missing: 7,
  minRelease: 100,
  waitsFor: '7 more ballots to become final',
  lists: [{ option: 'yes', list: [14, 15, 7, 5, 11, 9] }],
  ...changes,
});

/** A server in the middle of its work, one of whose peers is away. */
export const exampleSnapshot = (changes: Partial<OperatorSnapshot> = {}): OperatorSnapshot => ({
  server: 'a',
  title: 'Shall the bridge be built?',
  electionHash: '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff',
  state: 'WAITING',
  reason: 'server c is not connected',
  votes: 1_204,
  waiting: 9,
  duplicates: 3,
  refused: 0,
  sealedPools: 14,
  finalPools: 13,
  talliedPools: 13,
  peers: [examplePeer(), examplePeer({ server: 'c', up: false, sealed: null, tallied: null })],
  work: { pool: 13, ballots: 4_096, stage: 'tallying', round: 11, rounds: 23 },
  queue: [
    exampleEntry(),
    exampleEntry({
      batch: '19c04be2',
      ballots: 12,
      state: 'incomplete',
      holders: 'a',
      ageMs: 41_000,
    }),
  ],
  queueMore: 0,
  runs: 15,
  gateBitsSent: 123_456,
  release: exampleRelease(),
  options: ['yes'],
  alarms: [],
  flushing: false,
  uptimeMs: 847_000,
  ballotRate: Array.from({ length: 60 }, (_, second) => (second % 9) ** 2),
  links: [
    exampleLink(),
    exampleLink({
      server: 'c',
      state: 'waiting',
      sinceMs: 14_000,
      retryInMs: 4_000,
      tries: 3,
      reason: 'connect ECONNREFUSED 127.0.0.1:7103',
      messagesIn: 0,
      messagesOut: 0,
      bytesIn: 0,
      bytesOut: 0,
      roundTripMs: null,
    }),
  ],
  tables: [
    { name: 'batch', rows: 31, bytes: 4_096_000 },
    { name: 'voter', rows: 1_204, bytes: 40_960 },
    { name: 'pool', rows: 14, bytes: 8_192 },
    { name: 'tally_share', rows: 2, bytes: 4_096 },
    { name: 'release', rows: 1, bytes: 4_096 },
    { name: 'peer', rows: 2, bytes: 4_096 },
    { name: 'tampering', rows: 0, bytes: 4_096 },
    { name: 'event', rows: 88, bytes: 16_384 },
  ],
  file: '/srv/fribs/server_a/fribs.db',
  fileBytes: 1_234_567,
  lastCommitMs: 4.12,
  groupDelay: { groups: 1_000, medianMs: 0.62, maxMs: 17.4 },
  commits: 310,
  clientsConnected: 1,
  memoryBytes: 91_234_567,
  diskFault: null,
  ...changes,
});

export const exampleRows = {
  columns: ['pool', 'digest', 'batches', 'accepted', 'duplicates', 'state', 'sealed at'],
  rows: [
    ['13', '5be1…', '2', '4096', '0', 'sealed', '14:07:19'],
    ['12', '77a0…', '1', '128', '3', 'final', '14:07:02'],
    ['11', 'c3d9…', '4', '9', '0', 'final', '14:06:40'],
  ],
  reason: null,
};

const server = fc.constantFrom('a' as const, 'b' as const, 'c' as const);
const many = fc.oneof(fc.nat({ max: 20 }), fc.maxSafeNat(), fc.constant(Number.MAX_SAFE_INTEGER));
const time = fc.oneof(
  fc.double({ min: 0, max: 1e6, noNaN: true }),
  fc.double({ min: 0, max: 1e13, noNaN: true }),
);
const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.option(value, { nil: null });

const anyLink: fc.Arbitrary<LinkSnapshot> = fc.record({
  server,
  state: fc.oneof(
    fc.constantFrom('up', 'dialing', 'waiting', 'listening', 'stopped'),
    fc.string({ maxLength: 12 }),
  ),
  sinceMs: time,
  retryInMs: orNull(time),
  tries: many,
  reason: orNull(anyReason),
  messagesIn: many,
  messagesOut: many,
  bytesIn: many,
  bytesOut: many,
  roundTripMs: orNull(time),
});

const anyPeer: fc.Arbitrary<PeerSnapshot> = fc.record({
  server,
  up: fc.boolean(),
  rebuilding: fc.boolean(),
  sealed: orNull(many),
  tallied: orNull(many),
});

const anyEntry: fc.Arbitrary<QueueEntry> = fc.record({
  batch: fc.oneof(fc.stringMatching(/^[0-9a-f]{8}$/), anyText),
  ballots: many,
  state: fc.constantFrom('incomplete', 'on two servers', 'schedulable', 'caster unknown'),
  holders: fc.constantFrom('', 'a', 'bc', 'abc'),
  ageMs: orNull(time),
});

const anyWork: fc.Arbitrary<WorkSnapshot> = fc.record({
  pool: many,
  ballots: many,
  stage: fc.constantFrom(
    'waits for a server',
    'tallying',
    'tallied here, not yet final',
    'under TAMPERING',
  ),
  round: many,
  rounds: many,
});

const anyRelease: fc.Arbitrary<ReleaseSnapshot> = fc.record({
  pool: orNull(many),
  votes: orNull(many),
  forced: fc.boolean(),
  missing: many,
  minRelease: many,
  waitsFor: fc.oneof(fc.constant(''), anyReason),
  lists: fc.oneof(
    fc.array(
      fc.record({
        option: fc.oneof(anyText, fc.constant('an option with a long name '.repeat(4).trim())),
        list: fc.array(fc.nat({ max: 15 }), { minLength: 1, maxLength: 12 }),
      }),
      { maxLength: 3 },
    ),
    // As many options as there can be, of as many places as there can be.
    fc.constant(
      Array.from({ length: 64 }, (_, option) => ({
        option: `option ${option}`,
        list: Array.from({ length: 12 }, (_unused, place) => (option + place) % 16),
      })),
    ),
  ),
});

/** Anything that a server could ever say, and some that it should not. */
export const anySnapshot: fc.Arbitrary<OperatorSnapshot> = fc
  .record({
    server,
    state: fc.constantFrom('READY', 'WAITING', 'REBUILDING', 'TAMPERING'),
    reason: fc.oneof(fc.constant(''), anyReason),
    votes: many,
    waiting: many,
    finalPools: many,
    peers: fc.array(anyPeer, { maxLength: 2 }),
    work: orNull(anyWork),
    queue: fc.array(anyEntry, { maxLength: 50 }),
    queueMore: many,
    release: anyRelease,
    flushing: fc.boolean(),
    uptimeMs: time,
    ballotRate: fc.array(many, { maxLength: 60 }),
    links: fc.array(anyLink, { maxLength: 2 }),
    tables: fc.array(
      fc.record({ name: fc.oneof(fc.constant('batch'), anyText), rows: many, bytes: orNull(many) }),
      { maxLength: 10 },
    ),
    file: anyText,
    fileBytes: many,
    lastCommitMs: time,
    groupDelay: fc.record({ groups: many, medianMs: time, maxMs: time }),
    commits: many,
    diskFault: orNull(anyReason),
  })
  .map((changes): OperatorSnapshot => exampleSnapshot(changes));

export const anyRows = fc.record({
  columns: fc.array(anyText, { maxLength: 12 }),
  rows: fc.array(fc.array(anyText, { maxLength: 12 }), { maxLength: 8 }),
  reason: fc.oneof(fc.constant(null), anyReason),
});
