import { ascii, type Bytes, concatBytes, type Sha256, u32, u64, utf8 } from '../base/bytes.ts';

/** One line of a server's audit log, without its hash. */
export interface AuditLine {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly what: string;
  readonly detail: string;
}

const tag = ascii('fribs/1 event');

/** Text with its length in front, so that no two pairs of texts are hashed alike. */
function measured(text: string): Bytes {
  const bytes = utf8(text);
  return concatBytes(u32(bytes.length), bytes);
}

/** The hash of a line after the one with hash `before`; the election hash stands before the first. */
export const auditLineHash = (
  before: Bytes,
  { at, what, detail }: AuditLine,
  sha256: Sha256,
): Bytes => sha256(tag, before, u64(at), measured(what), measured(detail));
