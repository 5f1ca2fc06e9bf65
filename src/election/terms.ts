import { assert } from '../base/assert.ts';
import { ascii, type Bytes, concatBytes, type Sha256, u8, u16, u32, utf8 } from '../base/bytes.ts';
import type { Election, ElectionTerms, ElectionVersion } from './types.ts';

/** A string in a hashed encoding: u32 length in bytes, then UTF-8. */
function text(value: string): Bytes {
  const bytes = utf8(value);
  return concatBytes(u32(bytes.length), bytes);
}

/** Over the terms alone: goes into everything that is hashed or signed, so that two elections never mix. */
export function electionHash(terms: ElectionTerms, sha256: Sha256): Bytes {
  assert(terms.electionId.length === 16, 'an election id has 16 bytes');
  return sha256(
    ascii('fribs/1 election'),
    u8(terms.formatVersion),
    terms.electionId,
    text(terms.title),
    text(terms.question.kind),
    u16(terms.question.options.length),
    ...terms.question.options.map(text),
    u16(terms.width),
    u8(terms.tallyBits),
    u32(terms.minRelease),
    text(terms.gates),
  );
}

/** Over the part that may change. A fingerprint stands for its certificate. */
export function versionHash(version: ElectionVersion, sha256: Sha256): Bytes {
  const servers = version.servers.map(({ url, fingerprint }) => {
    assert(fingerprint.length === 32, 'a fingerprint has 32 bytes');
    return concatBytes(text(url), fingerprint);
  });
  return sha256(ascii('fribs/1 version'), u32(version.number), ...servers);
}

export const election = (
  terms: ElectionTerms,
  version: ElectionVersion,
  sha256: Sha256,
): Election => ({
  terms,
  hash: electionHash(terms, sha256),
  version,
  versionHash: versionHash(version, sha256),
});
