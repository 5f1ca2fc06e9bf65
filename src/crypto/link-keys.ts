import { hkdfSync } from 'node:crypto';
import { assert } from '../base/assert.ts';
import { ascii, type Bytes } from '../base/bytes.ts';
import { next, type Party, partyName } from '../mpc/parties.ts';
import type { Prf } from '../mpc/prf.ts';
import {
  type GateKind,
  type Purpose,
  type RunStreams,
  type StreamPair,
  streamLabel,
} from '../mpc/prss.ts';
import { aesPrf, prfKeyBytes } from './prf.ts';

/**
 * The label under which a link's secret is exported from its TLS connection (RFC 8446, section 7.5;
 * RFC 5705).
 */
export const linkSecretLabel = 'EXPORTER-fribs-1';

/** How many bytes are exported. */
export const linkSecretBytes = 32;

const runIdBytes = 32;

export interface LinkSecrets {
  readonly me: Party;
  /** Exported from the very connection to the previous server over which the run was agreed, 32 bytes. */
  readonly previousLinkSecret: Bytes;
  /** The same of the connection to the next server. */
  readonly nextLinkSecret: Bytes;
  /** Never used for another run with these secrets: 32 bytes. */
  readonly runId: Bytes;
  readonly kind: GateKind;
}

/**
 * All streams that a server draws from in a run. k_i comes of the link between servers i and i-1,
 * who thereby both have it and nobody else: HKDF with SHA-256 (RFC 5869), the link's secret as input, the
 * run id as salt, and kind, pair and purpose as info, 16 bytes. Crashes on a secret or run id that has
 * not 32 bytes.
 */
export function runStreams(secrets: LinkSecrets): RunStreams {
  const { me, previousLinkSecret, nextLinkSecret, runId, kind } = secrets;
  assert(previousLinkSecret.length === linkSecretBytes, 'a link secret has 32 bytes');
  assert(nextLinkSecret.length === linkSecretBytes, 'a link secret has 32 bytes');
  assert(runId.length === runIdBytes, 'a run id has 32 bytes');
  const stream = (linkSecret: Bytes, pair: Party, purpose: Purpose): Prf => {
    const info = ascii(streamLabel(kind, partyName(pair), purpose));
    return aesPrf(new Uint8Array(hkdfSync('sha256', linkSecret, runId, info, prfKeyBytes)));
  };
  const pair = (purpose: Purpose): StreamPair => ({
    own: stream(previousLinkSecret, me, purpose),
    next: stream(nextLinkSecret, next(me), purpose),
  });
  return { zero: pair('zero'), salt: pair('salt') };
}
