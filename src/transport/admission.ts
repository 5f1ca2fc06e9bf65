import type { TLSSocket } from 'node:tls';
import type { Bytes } from '../base/bytes.ts';
import { toHex } from '../base/bytes.ts';
import { certificateFault, fingerprintOf } from '../crypto/identity.ts';
import type { Party } from '../mpc/parties.ts';
import { socketLimits } from './socket-limits.ts';
import { peerCertificate } from './tls-options.ts';

/** Who a certificate belongs to. `Client` is whatever the server keeps of a client. */
export type Admission<Client> =
  | { readonly kind: 'peer'; readonly party: Party }
  | { readonly kind: 'client'; readonly client: Client };

/** Looks up a certificate fingerprint, in lower-case hexadecimal; null if it is nobody's. */
export type Admit<Client> = (fingerprint: string) => Admission<Client> | null;

export interface Admitted<Client> {
  readonly kind: 'admitted';
  readonly admission: Admission<Client>;
  readonly fingerprint: Bytes;
}

export interface Unadmitted {
  readonly kind: 'refused';
  readonly status: 403 | 503;
  /** One line for a person at the other end. */
  readonly text: string;
}

/** Judges who is at the other end of a finished handshake, by nothing but the certificate. */
export function judge<Client>(
  socket: TLSSocket,
  admit: Admit<Client>,
): Admitted<Client> | Unadmitted {
  const certificate = peerCertificate(socket);
  if (certificate === null || socket.isSessionReused()) {
    return forbidden('This server admits nobody without a certificate.');
  }
  const fingerprint = fingerprintOf(certificate);
  const admission = admit(toHex(fingerprint));
  if (admission === null) {
    return forbidden(
      `This server does not know your certificate ${toHex(fingerprint)}. If it should, send your card ` +
        'to its operator, who admits it with: fribs setup --allow CARD',
    );
  }
  const fault = certificateFault(certificate, new Date());
  if (fault !== null) {
    return forbidden(`Your certificate cannot be used: ${fault}. Check the clocks at both ends.`);
  }
  return { kind: 'admitted', admission, fingerprint };
}

const forbidden = (text: string): Unadmitted => ({ kind: 'refused', status: 403, text });

export const tooManyClients: Unadmitted = {
  kind: 'refused',
  status: 503,
  text: 'This server has as many client connections as it takes: busy, try again in a moment.',
};

const statusNames = { 403: 'Forbidden', 503: 'Service Unavailable' } as const;

/**
 * Tells the other end why and closes. Nothing that it sent is looked at, but it is taken off the line for a
 * moment: closing with bytes unread would reset the connection and with it our answer.
 */
export function turnAway(socket: TLSSocket, refusal: Unadmitted): void {
  const body = `${refusal.text}\n`;
  socket.end(
    [
      `HTTP/1.1 ${refusal.status} ${statusNames[refusal.status]}`,
      'Content-Type: text/plain; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), socketLimits.refusalLingerMs);
  socket.once('close', () => clearTimeout(timer));
}
