import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { vectors } from '../vectors/make.ts';
import {
  contentOf,
  gaps,
  hash,
  hex,
  le,
  type Run,
  stream,
  string,
  tag,
  vectorDirectory,
  xor,
} from '../vectors/reading.ts';

const { UPDATE_VECTORS } = process.env;
if (UPDATE_VECTORS === '1') {
  for (const [name, content] of Object.entries(vectors)) {
    writeFileSync(path.join(vectorDirectory, name), `${JSON.stringify(content, null, 2)}\n`);
  }
}

describe('test vectors', () => {
  it.each(Object.keys(vectors))('are what the program computes: %s', (name) => {
    expect(contentOf(name)).toEqual(vectors[name]);
  });
});

/*
 * A second reading of test/vectors/README.md that shares no code with the program: what another
 * client would have to do.
 */

interface FragmentsVector {
  width: number;
  ballots: number;
  seed0: string;
  seed1: string;
  salt: string;
  votes: string;
  fragments: string[];
  openings: string[];
}

interface CommitmentsVector {
  header: {
    electionHash: string;
    batchId: string;
    caster: string;
    width: number;
    ballots: number;
    voters: Run[];
  };
  headerHash: string;
  openings: string[];
  commitments: string[];
}

describe('another client, made from the description of the vectors,', () => {
  it('splits votes into the same fragments', () => {
    for (const vector of contentOf('fragments.json') as FragmentsVector[]) {
      const size = vector.width * Math.ceil(vector.ballots / 32) * 4;
      expect(hex(vector.votes)).toHaveLength(size);
      const x0 = stream(vector.seed0, size);
      const x1 = stream(vector.seed1, size);
      const x2 = xor(hex(vector.votes), xor(x0, x1));
      expect([x0, x1, x2].map((x) => x.toString('hex'))).toEqual(vector.fragments);
      expect([vector.seed0, vector.seed1, vector.salt + x2.toString('hex')]).toEqual(
        vector.openings,
      );
    }
  });

  it('commits to them as well', () => {
    for (const { header, ...vector } of contentOf('commitments.json') as CommitmentsVector[]) {
      const runs = gaps(header.voters).map(([gap, length]) =>
        Buffer.concat([le(8, gap), le(8, length)]),
      );
      const headerHash = hash(
        ...[tag('header'), hex(header.electionHash), hex(header.batchId), hex(header.caster)],
        ...[le(4, header.ballots), le(2, header.width), le(4, runs.length), ...runs],
      );
      expect(headerHash).toBe(vector.headerHash);
      const found = vector.openings.map((opening, j) =>
        hash(tag('fragment'), hex(headerHash), le(1, j), hex(opening)),
      );
      expect(found).toEqual(vector.commitments);
    }
  });

  it('names batches by the same digests', () => {
    type Vector = { headerHash: string; commitments: string[]; digest: string };
    for (const vector of contentOf('batch-digest.json') as Vector[]) {
      const found = hash(tag('batch'), hex(vector.headerHash), ...vector.commitments.map(hex));
      expect(found).toBe(vector.digest);
    }
  });

  it('names pools by the same digests', () => {
    type Batch = { digest: string; ballots: number; accepted: string | null };
    type Vector = { previousHead: string; number: number; batches: Batch[]; digest: string };
    for (const { previousHead, number, batches, digest } of contentOf(
      'pool-digest.json',
    ) as Vector[]) {
      const positions = batches.map(({ ballots, accepted }) => {
        const bitmap = Buffer.alloc(Math.ceil(ballots / 32) * 4);
        for (let i = 0; i < ballots; i++) {
          bitmap[i >> 3] = (bitmap[i >> 3] ?? 0) | (1 << (i & 7));
        }
        return Buffer.concat([le(4, ballots), accepted === null ? bitmap : hex(accepted)]);
      });
      const found = hash(
        ...[tag('pool'), hex(previousHead), le(8, number), le(4, batches.length)],
        ...batches.map((batch) => hex(batch.digest)),
        ...positions,
      );
      expect(found).toBe(digest);
    }
  });

  it('sends voters in the same bytes', () => {
    for (const vector of contentOf('voter-runs.json') as { voters: Run[]; encoded: string }[]) {
      const found = gaps(vector.voters)
        .flat()
        .flatMap((number) => {
          const groups = [];
          for (let rest = BigInt(number); groups.length === 0 || rest > 0n; rest >>= 7n) {
            groups.push(Number(rest & 127n));
          }
          return groups.map((group, i) => (i < groups.length - 1 ? group | 128 : group));
        });
      expect(Buffer.from(found).toString('hex')).toBe(vector.encoded);
    }
  });

  it('computes the same election hash', () => {
    interface Vector {
      formatVersion: number;
      electionId: string;
      title: string;
      question: { kind: string; options: string[] };
      width: number;
      tallyBits: number;
      minRelease: number;
      gates: string;
      electionHash: string;
    }
    for (const vector of contentOf('election-hash.json') as Vector[]) {
      const { kind, options } = vector.question;
      const found = hash(
        ...[tag('election'), le(1, vector.formatVersion), hex(vector.electionId)],
        ...[string(vector.title), string(kind), le(2, options.length), ...options.map(string)],
        ...[le(2, vector.width), le(1, vector.tallyBits), le(4, vector.minRelease)],
        string(vector.gates),
      );
      expect(found).toBe(vector.electionHash);
    }
  });

  it('checks the same acknowledgements', () => {
    type Vector = { electionHash: string; server: string; batchDigest: string; statement: string };
    for (const { electionHash, server, batchDigest, statement } of contentOf(
      'acknowledgement.json',
    ) as Vector[]) {
      const number = le(1, 'abc'.indexOf(server));
      expect(hash(tag('ack'), hex(electionHash), number, hex(batchDigest))).toBe(statement);
    }
  });

  it('checks the same claims, and what was signed with them', () => {
    interface Vector {
      electionHash: string;
      server: string;
      epoch: number;
      sealed: number;
      final: number;
      tallies: number;
      head: string;
      tallied: number;
      runId: string | null;
      own: string[];
      next: string[];
      facts: string;
      statement: string;
    }
    const found = contentOf('state.json') as Vector[];
    expect(found.map(({ runId }) => runId === null)).toEqual([true, false]);
    for (const vector of found) {
      const facts = hash(
        ...[tag('facts'), hex(vector.electionHash), hex(vector.head), le(8, vector.tallied)],
        ...[le(1, vector.runId === null ? 0 : 1), hex(vector.runId ?? '00'.repeat(32))],
        ...[le(2, vector.own.length), ...vector.own.map(hex)],
        ...[le(2, vector.next.length), ...vector.next.map(hex)],
      );
      expect(facts).toBe(vector.facts);
      const server = le(1, 'abc'.indexOf(vector.server));
      const statement = hash(
        ...[tag('state'), hex(vector.electionHash), server, le(8, vector.epoch)],
        ...[le(8, vector.sealed), le(8, vector.final), le(8, vector.tallies), hex(vector.facts)],
      );
      expect(statement).toBe(vector.statement);
    }
  });

  it('checks the same proposals of pools', () => {
    interface Vector {
      electionHash: string;
      number: number;
      poolDigest: string;
      batches: string[];
      statement: string;
    }
    for (const vector of contentOf('proposal.json') as Vector[]) {
      const found = hash(
        ...[tag('proposal'), hex(vector.electionHash), le(8, vector.number)],
        ...[hex(vector.poolDigest), le(4, vector.batches.length), ...vector.batches.map(hex)],
      );
      expect(found).toBe(vector.statement);
    }
  });

  it('checks the same tally fragments', () => {
    interface Vector {
      electionHash: string;
      pool: number;
      runId: string;
      option: number;
      fragmentOf: string;
      salt: string;
      fragment: string;
      commitment: string;
    }
    for (const vector of contentOf('tally-commitment.json') as Vector[]) {
      const found = hash(
        ...[tag('tally'), hex(vector.electionHash), le(8, vector.pool), hex(vector.runId)],
        ...[le(2, vector.option), le(1, 'abc'.indexOf(vector.fragmentOf))],
        ...[hex(vector.salt), hex(vector.fragment)],
      );
      expect(found).toBe(vector.commitment);
    }
  });
});
