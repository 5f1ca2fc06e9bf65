import { type Bytes, equalBytes } from '../base/bytes.ts';
import { sha256 } from '../crypto/hashes.ts';
import { verifySignature } from '../crypto/identity.ts';
import { ackStatement } from '../election/statements.ts';
import type { Election } from '../election/types.ts';
import type { Party } from '../mpc/parties.ts';
import type { CastBook, Heard } from './cast-book.ts';
import { type ServerReply, serverName } from './server-link.ts';

export interface Answer {
  /** Why nothing of this server can be believed. */
  readonly fault: string | null;
  /** The batch that it answers. */
  readonly seq: number | null;
  /** The server cannot take it for so long. */
  readonly busyMs: number | null;
  readonly heard: Heard;
  readonly status: { readonly ready: boolean; readonly reason: string } | null;
  /** A line that a person should see, but only the first one on its topic. */
  readonly notice: { readonly topic: string; readonly line: string } | null;
}

const noAnswer: Answer = {
  fault: null,
  seq: null,
  busyMs: null,
  heard: { kind: 'nothing' },
  status: null,
  notice: null,
};

/** Checks what servers say of batches and enters it into the book. */
export class AnswerReader {
  readonly #election: Election;
  readonly #book: CastBook;

  constructor(election: Election, book: CastBook) {
    this.#election = election;
    this.#book = book;
  }

  read(party: Party, reply: ServerReply): Answer {
    switch (reply.kind) {
      case 'stored':
        return this.#stored(party, reply);
      case 'refused':
        return this.#refused(party, reply.request, reply.reason);
      case 'busy':
        return {
          ...noAnswer,
          seq: reply.request,
          busyMs: reply.retryMs,
          notice: {
            topic: `busy ${party}`,
            line: `${capital(serverName(party))} is busy (${reply.reason}): casting goes on at its pace.`,
          },
        };
      case 'safe': {
        const entry = this.#book.byDigest(reply.digest);
        return entry === null
          ? noAnswer
          : { ...noAnswer, heard: this.#book.toldSafe(entry, party) };
      }
      case 'sealed': {
        const { digest, pool, duplicates } = reply;
        const entry = this.#book.byDigest(digest);
        return entry === null
          ? noAnswer
          : { ...noAnswer, heard: this.#book.toldSealed(entry, party, { pool, duplicates }) };
      }
      case 'status':
        return { ...noAnswer, status: reply };
      case 'tallied':
        return { ...noAnswer, fault: 'it answered what was not asked' };
    }
  }

  #stored(
    party: Party,
    reply: { readonly request: number; readonly digest: Bytes; readonly signature: Bytes },
  ): Answer {
    const { request, digest, signature } = reply;
    const entry = this.#book.bySeq(request);
    if (entry === null) {
      return { ...noAnswer, seq: request };
    }
    if (!equalBytes(digest, entry.parcel.batch.digest)) {
      return { ...noAnswer, fault: 'it acknowledged a batch that was not handed in' };
    }
    const statement = ackStatement(this.#election.hash, party, digest, sha256);
    const { certificate } = this.#election.version.servers[party];
    return verifySignature(certificate, statement, signature)
      ? { ...noAnswer, seq: request, heard: this.#book.stored(entry, party, signature) }
      : { ...noAnswer, fault: 'it acknowledged a batch with a signature that is not its own' };
  }

  #refused(party: Party, request: number | null, reason: string): Answer {
    const entry = request === null ? null : this.#book.bySeq(request);
    return {
      ...noAnswer,
      seq: request,
      heard: entry === null ? noAnswer.heard : this.#book.refusedBy(entry, party, reason),
      notice:
        entry === null
          ? null
          : {
              topic: `refused ${party}`,
              line: `${capital(serverName(party))} refuses ballots: ${reason}`,
            },
    };
  }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
