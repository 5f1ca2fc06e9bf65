import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import type { Result } from '../../src/base/result.ts';
import {
  decodeClientReply,
  decodeClientRequest,
  decodePeer,
  encodeClientReply,
  encodeClientRequest,
  encodePeer,
} from '../../src/wire/codec.ts';
import type { PeerMessage } from '../../src/wire/peer-messages.ts';
import { frameFault } from '../../src/wire/scan.ts';
import { clientReplies, clientRequests, peerMessages } from './messages.ts';

const anyPeerMessage = fc.oneof(...Object.values(peerMessages));
const decoders: readonly ((frame: Uint8Array) => Result<unknown>)[] = [
  decodePeer,
  decodeClientRequest,
  decodeClientReply,
];

function reasonOf(result: Result<unknown>): string {
  expect(result.ok).toBe(false);
  return result.ok ? '' : result.reason;
}

const digest = new Uint8Array(32).fill(7);
const proposal = new Uint8Array(16).fill(5);
const claim = {
  epoch: 1,
  sealed: 2 ** 40,
  final: 3,
  tallies: 4,
  facts: digest,
  signature: new Uint8Array(64).fill(6),
};
const hello = {
  kind: 'hello',
  protocol: 1,
  electionHash: digest,
  versionHash: digest,
  remembers: claim,
} satisfies PeerMessage;
const fullState: PeerMessage = {
  kind: 'state',
  epoch: 2,
  sealed: 2 ** 40,
  final: 3,
  tallies: 4,
  head: digest,
  tallied: 3,
  runId: digest,
  commitments: { own: [digest], next: [digest] },
  signature: new Uint8Array(64),
  castersHash: digest,
  halted: false,
  rebuilding: false,
  witnessed: true,
  flushing: true,
  view: [null, new Uint8Array(16), null],
  held: Array.from({ length: limits.digestsPerStateMax }, () => digest),
  safe: Array.from({ length: limits.digestsPerStateMax }, () => digest),
  more: true,
  bound: null,
  binding: null,
};

describe('round trip', () => {
  test.each(Object.entries(peerMessages))('peer message %s', (_kind, messages) => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(decodePeer(encodePeer(message))).toEqual({ ok: true, value: message });
      }),
    );
  });

  test.each(Object.entries(clientRequests))('client request %s', (_kind, messages) => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(decodeClientRequest(encodeClientRequest(message))).toEqual({
          ok: true,
          value: message,
        });
      }),
    );
  });

  test.each(Object.entries(clientReplies))('client reply %s', (_kind, messages) => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(decodeClientReply(encodeClientReply(message))).toEqual({ ok: true, value: message });
      }),
    );
  });

  test('the largest STATE and a round of several megabytes', () => {
    const round: PeerMessage = {
      kind: 'round',
      runId: digest,
      round: 1,
      words: new Uint8Array(limits.frameBytesMax - 1_024).fill(0xa5),
    };
    for (const message of [fullState, round, fullState]) {
      const frame = encodePeer(message);
      expect(frame.length).toBeLessThanOrEqual(limits.frameBytesMax);
      const decoded = decodePeer(frame);
      expect(decoded.ok && isDeepStrictEqual(decoded.value, message)).toBe(true);
    }
  });

  test('a hello that remembers nothing, and one that remembers a claim', () => {
    for (const remembers of [null, claim]) {
      const message: PeerMessage = { ...hello, remembers };
      expect(decodePeer(encodePeer(message))).toEqual({ ok: true, value: message });
    }
  });

  test('numbers around every change of form', () => {
    for (const bits of [0, 4, 5, 8, 16, 31, 32, 33, 52, 53]) {
      for (const request of [2 ** bits - 1, 2 ** bits, 2 ** bits + 1]) {
        if (Number.isSafeInteger(request)) {
          const message = { kind: 'tally' as const, request };
          expect(decodeClientRequest(encodeClientRequest(message))).toEqual({
            ok: true,
            value: message,
          });
        }
      }
    }
  });

  test('frames and decoded bytes share no memory', () => {
    const one = encodePeer({ kind: 'agree-release', proposal, pool: 1, runId: digest });
    const copy = Uint8Array.from(one);
    const decoded = decodePeer(one);
    encodePeer({
      kind: 'agree-release',
      proposal: new Uint8Array(16).fill(8),
      pool: 2,
      runId: new Uint8Array(32).fill(9),
    });
    expect(one).toEqual(copy);
    one.fill(0);
    expect(decoded).toEqual({
      ok: true,
      value: { kind: 'agree-release', proposal, pool: 1, runId: digest },
    });
  });

  test('other encoders may write large integers as 64-bit ones', () => {
    const frame = cbor('a2646b696e6466737461747573', '6772657175657374', '1b001fffffffffffff');
    expect(decodeClientRequest(frame)).toEqual({
      ok: true,
      value: { kind: 'status', request: Number.MAX_SAFE_INTEGER },
    });
  });
});

/** Bytes written out in hexadecimal. */
const cbor = (...hex: readonly string[]) => Uint8Array.from(Buffer.from(hex.join(''), 'hex'));

describe('refused without a throw', () => {
  test('any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (frame) => {
        for (const decode of decoders) {
          expect(decode(frame).ok).toBe(false);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test('every truncation, and anything appended', () => {
    fc.assert(
      fc.property(
        anyPeerMessage,
        fc.nat(),
        fc.uint8Array({ minLength: 1 }),
        (message, at, more) => {
          const frame = encodePeer(message);
          expect(decodePeer(frame.slice(0, at % frame.length)).ok).toBe(false);
          expect(decodePeer(Uint8Array.from([...frame, ...more])).ok).toBe(false);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('mutated frames are refused or are valid messages', () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(anyPeerMessage, flips, (message, changes) => {
        const frame = encodePeer(message);
        for (const [at, mask] of changes) {
          const index = at % frame.length;
          frame[index] = (frame[index] ?? 0) ^ mask;
        }
        const decoded = decodePeer(frame);
        if (decoded.ok) {
          expect(decodePeer(encodePeer(decoded.value))).toEqual(decoded);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([
    ['an empty frame', '', 'cut short'],
    ['a tag', 'c000', 'tag'],
    ['a shared reference', 'd81c80', 'tag'],
    ['a record definition', 'd9dfff80', 'tag'],
    ['a bignum', 'c249010000000000000000', 'tag'],
    ['undefined', '81f7', 'kind'],
    ['a half', 'f93c00', 'kind'],
    ['a single', 'fa3f800000', 'kind'],
    ['a fraction', 'fb3ff8000000000000', 'fraction'],
    ['not a number', 'fb7ff8000000000000', 'fraction'],
    ['a small integer as a double', 'fb3ff0000000000000', 'fraction'],
    ['an integer past 2^53', '1b0020000000000000', 'too large'],
    ['an indefinite array', '9fff', 'indefinite'],
    ['an indefinite string', '5f4100ff', 'indefinite'],
    ['a break', 'ff', 'kind'],
    ['a reserved length', '1c', 'too large'],
    ['a key that is a number', 'a10102', 'key'],
    ['a key that is a map', 'a1a000', 'key'],
    ['a string of 4 GiB', '5affffffff00', 'longer'],
    ['a string of 2^64 bytes', '5bffffffffffffffff', 'too large'],
    ['an array of 2^32 items', '9affffffff00', 'announced'],
    ['a map of 2^31 pairs', 'ba7fffffff00', 'announced'],
    ['two items', '0000', 'after the end'],
  ])('%s', (_what, hex, part) => {
    for (const decode of decoders) {
      expect(reasonOf(decode(cbor(hex)))).toContain(part);
    }
  });

  test('nesting bombs', () => {
    for (const opener of ['81', 'a16161']) {
      const bomb = cbor(opener.repeat(1_000_000));
      expect(frameFault(bomb)).toBe('nested too deeply');
    }
    expect(frameFault(cbor('81'.repeat(limits.messageDepthMax), '00'))).toBeNull();
    expect(frameFault(cbor('81'.repeat(limits.messageDepthMax + 1), '00'))).not.toBeNull();
  });

  test('too many items, in one array or in many', () => {
    const header = `9a${(limits.messageItemsMax + 1).toString(16).padStart(8, '0')}`;
    expect(frameFault(cbor(header, '00'.repeat(limits.messageItemsMax + 1)))).not.toBeNull();
    const inner = `99${(1_000).toString(16).padStart(4, '0')}${'f6'.repeat(1_000)}`;
    expect(frameFault(cbor('98', '3c', inner.repeat(60)))).toBe(
      'more items announced than there can be',
    );
  });

  test('a frame that is too long', () => {
    expect(reasonOf(decodePeer(new Uint8Array(limits.frameBytesMax + 1)))).toContain('longer than');
  });

  test('keys that would reach a prototype', () => {
    const proto = cbor('a2646b696e6466737461747573', '695f5f70726f746f5f5f', 'a16178', '01');
    expect(decodeClientRequest(proto).ok).toBe(false);
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
  });

  test('invalid UTF-8 in a text', () => {
    const frame = cbor('a2646b696e6466737461747573', '6772657175657374', '61ff');
    expect(decodeClientRequest(frame).ok).toBe(false);
  });
});

describe('a refusal names the field', () => {
  const encodeAny = (value: unknown) => encodePeer(value as PeerMessage);

  const agree = { kind: 'agree-release', proposal, pool: 1, runId: digest };
  const release = { pool: 1, runId: digest, votes: 2, forced: false, by: 0 };

  /** The same without one of its fields. */
  const without = (message: object, field: string) =>
    Object.fromEntries(Object.entries(message).filter(([name]) => name !== field));
  const forgets = (change: object) => ({ ...hello, remembers: { ...claim, ...change } });

  test.each<[string, unknown, string]>([
    ['unknown key', { ...agree, extra: 1 }, 'extra'],
    ['wrong size', { ...agree, runId: digest.subarray(1) }, 'runId'],
    ['negative', { ...agree, pool: -1 }, 'pool'],
    ['missing', without(agree, 'pool'), 'pool'],
    ['wrong kind', { kind: 'nonsense' }, 'kind'],
    ['in an array', { ...fullState, held: [digest, new Uint8Array(3)] }, 'held.1'],
    ['no map', [1, 2, 3], 'message'],
    ['an answer to no proposal', without(agree, 'proposal'), 'proposal'],
    ['an answer to a short proposal', { ...agree, proposal: digest.subarray(17) }, 'proposal'],
    ['an answer to a long proposal', { ...agree, proposal: digest }, 'proposal'],
    ['a proposal without a name', { kind: 'propose-release', release }, 'proposal'],
    [
      'a refusal of no proposal',
      { kind: 'refuse-release', reason: '', bound: release },
      'proposal',
    ],
    ['a state without an epoch', without(fullState, 'epoch'), 'epoch'],
    ['a state without final pools', without(fullState, 'final'), 'final'],
    ['a state of half an epoch', { ...fullState, epoch: 0.5 }, 'fraction'],
    ['a state without casters', without(fullState, 'castersHash'), 'castersHash'],
    ['a state that counts batches', { ...fullState, batches: 1 }, 'batches'],
    ['no word of what is remembered', without(hello, 'remembers'), 'remembers'],
    [
      'a claim that nobody signed',
      { ...hello, remembers: without(claim, 'signature') },
      'signature',
    ],
    ['a claim of no facts', { ...hello, remembers: without(claim, 'facts') }, 'remembers.facts'],
    ['a claim of no epoch', { ...hello, remembers: without(claim, 'epoch') }, 'remembers.epoch'],
    ['a claim with a short signature', forgets({ signature: digest }), 'remembers.signature'],
    ['a claim with short facts', forgets({ facts: proposal }), 'remembers.facts'],
    ['a negative claim', forgets({ final: -1 }), 'remembers.final'],
    ['a claim that counts batches', forgets({ batches: 1 }), 'batches'],
  ])('%s', (_what, value, name) => {
    const reason = reasonOf(decodePeer(encodeAny(value)));
    expect(reason).toContain(name);
    expect(reason.length).toBeLessThan(300);
  });

  test('whatever the sender put into it, a refusal is one printable line', () => {
    const frame = encodeAny({
      kind: 'agree-release',
      proposal,
      pool: 1,
      runId: digest,
      ['\u001b[2J\n'.repeat(99)]: 1,
    });
    expect(reasonOf(decodePeer(frame))).toMatch(/^[\x20-\x7e]{1,300}$/);
  });
});
