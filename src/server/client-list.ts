import { readFileSync, statSync } from 'node:fs';
import { type Bytes, toHex } from '../base/bytes.ts';
import { sha256 } from '../crypto/hashes.ts';
import { type ClientEntry, castersHash, parseClients } from '../election/clients.ts';
import type { Election } from '../election/types.ts';
import type { AuditCaster } from '../fragment/audit-records.ts';
import { auditCasters } from '../fragment/file-audit.ts';
import { OperatorError } from './operator-error.ts';

/** Who may hand in ballots and collect tallies, read again whenever the file changes. */
export class ClientList {
  readonly #file: string;
  readonly #election: Election;
  #clients = new Map<string, ClientEntry>();
  #castersHash: Bytes = new Uint8Array(32);
  #read = '';
  #stamp = '';

  constructor(file: string, election: Election) {
    this.#file = file;
    this.#election = election;
    const fault = this.#load();
    if (fault !== null) {
      throw new OperatorError(fault);
    }
  }

  byFingerprint(fingerprint: string): ClientEntry | null {
    return this.#clients.get(fingerprint) ?? null;
  }

  casterCertificate(fingerprint: string): Bytes | null {
    const client = this.#clients.get(fingerprint);
    return client?.roles.includes('caster') === true ? client.certificate : null;
  }

  get castersHash(): Bytes {
    return this.#castersHash;
  }

  /** Those who may cast, for an audit. */
  get casters(): readonly AuditCaster[] {
    return auditCasters([...this.#clients.values()]);
  }

  get size(): number {
    return this.#clients.size;
  }

  /** Reads the file again if it is another one now. A faulty file changes nothing: its fault is returned. */
  refresh(): { readonly changed: boolean; readonly fault: string | null } {
    const stamp = this.#fileStamp();
    if (stamp === this.#stamp) {
      return { changed: false, fault: null };
    }
    this.#stamp = stamp;
    const before = this.#read;
    const fault = this.#load();
    return { changed: fault === null && before !== this.#read, fault };
  }

  #fileStamp(): string {
    try {
      const { mtimeMs, size, ino } = statSync(this.#file);
      return `${mtimeMs} ${size} ${ino}`;
    } catch {
      return 'missing';
    }
  }

  #load(): string | null {
    let text: string;
    try {
      text = readFileSync(this.#file, 'utf8');
    } catch {
      return `The list of clients ${this.#file} cannot be read.`;
    }
    const clients = parseClients(text, this.#election, sha256);
    if (!clients.ok) {
      return `${this.#file}: ${clients.reason}.`;
    }
    this.#read = text;
    this.#stamp = this.#fileStamp();
    this.#clients = new Map(clients.value.map((client) => [toHex(client.fingerprint), client]));
    this.#castersHash = castersHash(clients.value, sha256);
    return null;
  }
}
