import { describe, expect, it } from 'vitest';
import { toBase64 } from '../../src/base/base64.ts';
import { toHex } from '../../src/base/bytes.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { formatElection, isServerUrl, parseElection } from '../../src/election/file.ts';
import { election, electionHash, versionHash } from '../../src/election/terms.ts';
import type { Election, ElectionTerms } from '../../src/election/types.ts';
import { certificate, sampleElection, terms } from './samples.ts';

type Json = Record<string, unknown>;

const jsonOf = (of: Election): Json => JSON.parse(formatElection(of)) as Json;

/** The sample's file with one place changed; `undefined` removes it. */
function changed(path: string, value: unknown, of = sampleElection()): string {
  const file = jsonOf(of);
  const names = path.split('.');
  const last = names.pop() ?? '';
  const inside = names.reduce((at, name) => at[name] as Json, file);
  if (value === undefined) {
    delete inside[last];
  } else {
    inside[last] = value;
  }
  return JSON.stringify(file);
}

/** The file of an election with these terms, its hashes right, whatever is wrong with the terms. */
const fileWith = (changes: Partial<ElectionTerms>): string =>
  formatElection(sampleElection(changes));

const oneOf = {
  question: { kind: 'one-of', options: ['Ada', 'Grace', 'Mary'] },
  width: 3,
} as const;

describe('an election file', () => {
  it('comes back as it was', () => {
    for (const of of [
      sampleElection(),
      sampleElection(oneOf),
      sampleElection({ ...oneOf, question: { ...oneOf.question, kind: 'approval' } }),
      sampleElection({ tallyBits: 4, minRelease: 1 }),
      sampleElection({ tallyBits: 48 }),
    ]) {
      expect(parseElection(formatElection(of), sha256)).toEqual({ ok: true, value: of });
    }
  });

  it('takes 64 options', () => {
    const options = Array.from({ length: 64 }, (_, i) => `Option ${i}`);
    const of = sampleElection({ question: { kind: 'approval', options }, width: 64 });
    expect(parseElection(formatElection(of), sha256)).toMatchObject({ ok: true });
  });

  it('is readable and ends with a line end', () => {
    const text = formatElection(sampleElection());
    expect(text).toContain(`"electionHash": "${toHex(sampleElection().hash)}"`);
    expect(text).toContain(`"certificate": "${toBase64(certificate('b'))}"`);
    expect(text.endsWith('}\n')).toBe(true);
  });

  const long = 'x'.repeat(201);
  const faults: [string, string, string][] = [
    ['no JSON', '{"format": ', 'not JSON'],
    ['no object', '[]', 'is not an election file'],
    ['nothing', 'null', 'is not an election file'],
    ['another format', changed('format', 'FRIBs clients'), 'is not an election file'],
    ['a newer version', changed('formatVersion', 2), 'has format version 2; this program reads'],
    ['no version', changed('formatVersion', undefined), 'has format version undefined'],
    ['an unknown field', changed('colour', 'blue'), 'has an unknown field "colour"'],
    ['a field left out', changed('minRelease', undefined), 'lacks the field "minRelease"'],
    ['a list for an object', changed('question', []), 'question: must be an object'],
    ['an object for a list', changed('question.options', {}), 'question.options: must be a list'],
    ['a short id', changed('electionId', 'abcd'), 'electionId: must be 32 hexadecimal digits'],
    ['an id that is no hex', changed('electionId', 'g'.repeat(32)), 'electionId: must be 32 hex'],
    ['a number for a title', changed('title', 5), 'title: must be a text'],
    ['an empty title', changed('title', '  '), 'title: is empty'],
    ['a title with spaces around', changed('title', ' a'), 'title: starts or ends with a space'],
    ['a long title', changed('title', long), 'title: has more than 200 characters'],
    ['a terminal escape in a title', changed('title', 'a\u001b[2Jb'), 'title: has control char'],
    ['a direction override', changed('title', 'a\u202eb'), 'title: has control characters'],
    ['a lone surrogate', changed('title', 'a\ud800b'), 'title: has control characters'],
    ['an unknown kind', changed('question.kind', 'ranked'), 'question.kind: must be one of yes-no'],
    ['no option', changed('question.options', []), 'question.options: is empty'],
    ['a number as option', changed('question.options', [1]), 'question.options[0]: must be a text'],
    [
      'an option twice',
      fileWith({ question: { kind: 'one-of', options: ['a', 'a'] }, width: 2 }),
      'question.options: names an option twice',
    ],
    [
      'two options of a yes-no question',
      fileWith({ question: { kind: 'yes-no', options: ['yes', 'no'] }, width: 2 }),
      'question.options: must have one entry in a yes-no question',
    ],
    [
      '65 options',
      fileWith({
        question: { kind: 'approval', options: Array.from({ length: 65 }, (_, i) => `${i}`) },
        width: 65,
      }),
      'question.options: has more than 64 entries',
    ],
    ['a width that differs', fileWith({ width: 2 }), 'width: is 2, but the question has 1 options'],
    ['a width of 0', changed('width', 0), 'width: must be a whole number from 1 to 64'],
    ['a broken width', changed('width', 1.5), 'width: must be a whole number from 1 to 64'],
    ['odd tally bits', fileWith({ tallyBits: 22 }), 'tallyBits: must be a multiple of 4'],
    ['no tally bits', fileWith({ tallyBits: 0 }), 'tallyBits: must be a whole number from 4 to 48'],
    ['many tally bits', fileWith({ tallyBits: 52 }), 'tallyBits: must be a whole number from 4'],
    ['no minimum', fileWith({ minRelease: 0 }), 'minRelease: must be a whole number from 1'],
    ['a text as minimum', changed('minRelease', '10'), 'minRelease: must be a whole number'],
    ['unknown gates', changed('gates', 'magic'), 'gates: must be one of replicated'],
    ['a changed title', changed('title', 'Other'), 'electionHash: does not match the contents'],
    ['a changed minimum', changed('minRelease', 1), 'electionHash: does not match the contents'],
    ['a changed hash', changed('electionHash', '00'.repeat(32)), 'electionHash: does not match'],
    ['another URL', changed('version.servers.a.url', 'wss://x:1'), 'versionHash: does not match'],
    ['a changed version', changed('version.number', 2), 'versionHash: does not match'],
    ['a fourth server', changed('version.servers.d', {}), 'version.servers: has an unknown field'],
    [
      'two servers',
      changed('version.servers.c', undefined),
      'version.servers: lacks the field "c"',
    ],
    ['no TLS', changed('version.servers.b.url', 'ws://h:1'), 'version.servers.b.url: must be wss'],
    [
      'a certificate that is not the one',
      changed('version.servers.b.certificate', toBase64(certificate('x'))),
      'version.servers.b.fingerprint: is not the SHA-256 of the certificate',
    ],
    [
      'a certificate that is no base64',
      changed('version.servers.b.certificate', 'a-b_'),
      'version.servers.b.certificate: must be base64',
    ],
    [
      'an empty certificate',
      changed('version.servers.b.certificate', ''),
      'version.servers.b.certificate: must be base64 of 1 to 4096 bytes',
    ],
    [
      'a huge certificate',
      changed('version.servers.b.certificate', 'AAAA'.repeat(1_366)),
      'version.servers.b.certificate: must be base64 of 1 to 4096 bytes',
    ],
  ];
  it.each(faults)('is refused with %s', (_, text, reason) => {
    expect(parseElection(text, sha256)).toEqual({
      ok: false,
      reason: expect.stringContaining(reason),
    });
  });

  it('is refused with two servers that have one key or one address', () => {
    const { version } = sampleElection();
    const [a, b, c] = version.servers;
    const sameKey = election(terms, { ...version, servers: [a, b, { ...b, url: c.url }] }, sha256);
    const sameUrl = election(terms, { ...version, servers: [a, b, { ...c, url: a.url }] }, sha256);
    expect(parseElection(formatElection(sameKey), sha256)).toEqual({
      ok: false,
      reason: expect.stringContaining('servers.c: has the same fingerprint as server b'),
    });
    expect(parseElection(formatElection(sameUrl), sha256)).toEqual({
      ok: false,
      reason: expect.stringContaining('servers.c: has the same URL as server a'),
    });
  });
});

describe('a server URL', () => {
  it.each([
    'wss://127.0.0.1:11000',
    'wss://vote-a.example.org:443',
    'wss://localhost:65535',
    'wss://[::1]:11000',
    'wss://a:1',
  ])('can be %s', (url) => {
    expect(isServerUrl(url)).toBe(true);
  });

  it.each([
    '',
    'wss://host',
    'wss://host:',
    'wss://host:0',
    'wss://host:011',
    'wss://host:65536',
    'wss://host:1/',
    'wss://host:1/peer',
    'wss://host:1?x',
    'wss://user@host:1',
    'wss://Host:1',
    'wss://-host:1',
    'wss://::1:1',
    'https://host:1',
    'wss://host:1\n',
  ])('cannot be %j', (url) => {
    expect(isServerUrl(url)).toBe(false);
  });
});

describe('the election hash', () => {
  it('changes with every term', () => {
    const others: Partial<ElectionTerms>[] = [
      { electionId: new Uint8Array(16) },
      { title: 'Other' },
      { question: { kind: 'one-of', options: ['yes'] } },
      { question: { kind: 'yes-no', options: ['no'] } },
      { question: { kind: 'yes-no', options: ['y', 'es'] } },
      { question: { kind: 'yes-no', options: ['ye', 's'] } },
      { width: 2 },
      { tallyBits: 28 },
      { minRelease: 11 },
    ];
    const hashes = [{}, ...others].map((change) => electionHash({ ...terms, ...change }, sha256));
    expect(new Set(hashes.map(toHex)).size).toBe(hashes.length);
  });

  it('does not change with the versioned part, whose hash does', () => {
    const { hash, version, versionHash: before } = sampleElection();
    const moved = election(terms, { ...version, number: 2 }, sha256);
    expect(moved.hash).toEqual(hash);
    expect(moved.versionHash).not.toEqual(before);
    const [a, b, c] = version.servers;
    expect(versionHash({ ...version, servers: [b, a, c] }, sha256)).not.toEqual(before);
  });

  it('needs ids and fingerprints of their size', () => {
    expect(() => electionHash({ ...terms, electionId: new Uint8Array(15) }, sha256)).toThrow();
    const { version } = sampleElection();
    const [a, b, c] = version.servers;
    const short = { ...a, fingerprint: new Uint8Array(31) };
    expect(() => versionHash({ ...version, servers: [short, b, c] }, sha256)).toThrow();
  });
});
