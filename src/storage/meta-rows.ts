import { assert, present } from '../base/assert.ts';
import type { Bytes, Sha256 } from '../base/bytes.ts';
import type { Remembered, Tampering } from '../fragment/ports.ts';
import { type Party, type PartyName, type PerParty, partyName, perParty } from '../mpc/parties.ts';
import { blobOrNull, type Flag, hexOrNull } from './columns.ts';
import type { Connection } from './connection.ts';

/** Which election and which server a file belongs to. */
export interface Identity {
  readonly electionHash: Bytes;
  readonly party: Party;
}

/** Whose tables a file must hold, and what they are hashed with. */
export interface FileTerms extends Identity {
  readonly sha256: Sha256;
}

interface IdentityRow {
  readonly election_hash: Bytes;
  readonly server: PartyName;
}

interface MetaRow {
  readonly whole: Flag;
  readonly rebuilding: string | null;
  readonly epoch: number;
  readonly final: number;
  readonly tallies: number;
}

interface PeerRow extends Remembered {
  readonly server: PartyName;
}

interface TamperingRow {
  readonly kind: Tampering['kind'];
  readonly pool: number;
  readonly run_id: Bytes | null;
  readonly what: string;
  readonly at: number;
}

/** Reads what every schema version has, so before a file of an older one is migrated. */
export const identityIn = (db: Connection): IdentityRow | undefined =>
  db.prepare<[], IdentityRow>('SELECT election_hash, server FROM meta').get();

export function putIdentity(
  db: Connection,
  { electionHash, party }: Identity,
  rebuilding: string | null,
): void {
  db.prepare<[Bytes, PartyName, Flag, string | null]>(
    `INSERT INTO meta (one, election_hash, server, whole, rebuilding, epoch, final)
     VALUES (1, ?, ?, ?, ?, 0, 0)`,
  ).run(electionHash, partyName(party), rebuilding === null ? 1 : 0, rebuilding);
}

/** The tables of single facts: `meta`, `peer` and `tampering`. */
export class MetaRows {
  readonly #meta;
  readonly #setRebuilding;
  readonly #setFinal;
  readonly #countTally;
  readonly #peer;
  readonly #setPeer;
  readonly #tampering;
  readonly #setTampering;
  readonly #clearTampering;

  constructor(db: Connection) {
    this.#meta = db.prepare<[], MetaRow>(
      'SELECT whole, rebuilding, epoch, final, tallies FROM meta',
    );
    this.#setRebuilding = db.prepare<[Flag, string | null, number]>(
      'UPDATE meta SET whole = ?, rebuilding = ?, epoch = ?',
    );
    this.#setFinal = db.prepare<[number]>('UPDATE meta SET final = ?');
    this.#countTally = db.prepare<[]>('UPDATE meta SET tallies = tallies + 1');
    this.#peer = db.prepare<[PartyName], Remembered>(
      'SELECT epoch, sealed, final, tallies, facts, signature FROM peer WHERE server = ?',
    );
    this.#setPeer = db.prepare<[PeerRow]>(
      `INSERT OR REPLACE INTO peer (server, epoch, sealed, final, tallies, facts, signature)
       VALUES (@server, @epoch, @sealed, @final, @tallies, @facts, @signature)`,
    );
    this.#tampering = db.prepare<[], TamperingRow>(
      'SELECT kind, pool, run_id, what, at FROM tampering',
    );
    this.#setTampering = db.prepare<[TamperingRow]>(
      'INSERT INTO tampering VALUES (1, @kind, @pool, @run_id, @what, @at)',
    );
    this.#clearTampering = db.prepare<[]>('DELETE FROM tampering');
  }

  whole(): boolean {
    return this.#row().whole === 1;
  }

  /** Why this file is being rebuilt; null where it is whole. */
  rebuilding(): string | null {
    return this.#row().rebuilding;
  }

  beginRebuild(why: string): void {
    this.#setRebuilding.run(0, why, this.epoch());
  }

  endRebuild(epoch: number): void {
    assert(this.rebuilding() !== null, 'only a rebuild that was begun ends');
    assert(epoch > this.epoch(), 'a rebuilt file is of a later epoch');
    this.#setRebuilding.run(1, null, epoch);
  }

  /** How often this file was rebuilt. */
  epoch(): number {
    return this.#row().epoch;
  }

  final(): number {
    return this.#row().final;
  }

  setFinal(count: number): void {
    this.#setFinal.run(count);
  }

  /** How many tallies were ever stored here, those included that were stepped back from. */
  tallies(): number {
    return this.#row().tallies;
  }

  countTally(): void {
    this.#countTally.run();
  }

  remembered(): PerParty<Remembered | null> {
    return perParty((party) => this.#peer.get(partyName(party)) ?? null);
  }

  remember(party: Party, remembered: Remembered): void {
    this.#setPeer.run({ server: partyName(party), ...remembered });
  }

  tampering(): Tampering | null {
    const row = this.#tampering.get();
    return row === undefined
      ? null
      : {
          kind: row.kind,
          pool: row.pool,
          runId: hexOrNull(row.run_id),
          what: row.what,
          at: row.at,
        };
  }

  setTampering(tampering: Tampering | null): void {
    this.#clearTampering.run();
    if (tampering !== null) {
      const { kind, pool, runId, what, at } = tampering;
      this.#setTampering.run({ kind, pool, run_id: blobOrNull(runId), what, at });
    }
  }

  #row(): MetaRow {
    return present(this.#meta.get(), 'the row of the table meta');
  }
}
