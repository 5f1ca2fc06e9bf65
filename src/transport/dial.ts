import { connect, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import type { Bytes } from '../base/bytes.ts';
import { equalBytes, toHex } from '../base/bytes.ts';
import { certificateFault, fingerprintOf, type Identity } from '../crypto/identity.ts';
import { Connection } from './connection.ts';
import { DialError, dialErrorOf, dialErrorOfStatus } from './dial-error.ts';
import { socketLimits } from './socket-limits.ts';
import { peerCertificate, tlsDialOptions } from './tls-options.ts';
import { webSocketOptions } from './web-socket-options.ts';

export interface DialOptions {
  /** `wss://host:port` */
  readonly url: string;
  readonly path: '/peer' | '/client';
  readonly identity: Identity;
  /** The fingerprint that the server's certificate must have. */
  readonly pin: Bytes;
  /** For everything until the connection is in use. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Connects to a server. Rejects with a `DialError` and nothing else. */
export async function dial(options: DialOptions): Promise<Connection> {
  const giveUp = new AbortController();
  const timer = setTimeout(
    () => giveUp.abort(new DialError('timeout', 'no answer in time')),
    options.timeoutMs,
  );
  const stop = () => giveUp.abort(new DialError('stopped', 'given up here'));
  options.signal?.addEventListener('abort', stop, { once: true });
  if (options.signal?.aborted === true) {
    stop();
  }
  try {
    return await attempt(options, giveUp.signal);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', stop);
  }
}

/** TLS by ourselves, so that the certificate is checked before the first byte of HTTP; then the upgrade. */
function attempt(options: DialOptions, signal: AbortSignal): Promise<Connection> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const address = new URL(options.url);
    const socket = connect({
      ...tlsDialOptions(options.identity),
      host: address.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(address.port === '' ? '443' : address.port),
    });
    const fail = (error: DialError): void => {
      reject(error);
      socket.destroy();
    };
    signal.addEventListener('abort', () => fail(signal.reason), { once: true });
    socket.on('error', (error) => fail(dialErrorOf(error)));
    socket.once('close', () =>
      fail(new DialError('unreachable', 'the server closed the connection')),
    );
    socket.once('secureConnect', () => {
      const fault = serverFault(socket, options.pin);
      if (fault !== null) {
        fail(fault);
        return;
      }
      upgrade(options, socket, resolve, fail);
    });
  });
}

function serverFault(socket: TLSSocket, pin: Bytes): DialError | null {
  const certificate = peerCertificate(socket);
  if (certificate === null || socket.isSessionReused()) {
    return new DialError('wrong-certificate', 'the server showed no certificate');
  }
  const fingerprint = fingerprintOf(certificate);
  if (!equalBytes(fingerprint, pin)) {
    return new DialError(
      'wrong-certificate',
      `the server's certificate is ${toHex(fingerprint)}, expected ${toHex(pin)}: compare the election files`,
    );
  }
  const fault = certificateFault(certificate, new Date());
  return fault === null
    ? null
    : new DialError('expired-certificate', `the server's certificate cannot be used: ${fault}`);
}

function upgrade(
  options: DialOptions,
  socket: TLSSocket,
  done: (connection: Connection) => void,
  fail: (error: DialError) => void,
): void {
  const webSocket = new WebSocket(new URL(options.path, options.url), {
    ...webSocketOptions,
    createConnection: () => socket,
    // Masks protect proxies that take frames for HTTP; inside TLS they only cost time.
    generateMask: (mask) => mask.fill(0),
  });
  webSocket.on('error', (error) => fail(dialErrorOf(error)));
  webSocket.once('open', () => done(new Connection(webSocket, socket, options.pin)));
  webSocket.once('unexpected-response', (_request, response) => {
    let text = '';
    const tell = () => fail(dialErrorOfStatus(response.statusCode ?? 0, text));
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > socketLimits.refusalBytesMax) {
        tell();
      }
    });
    response.once('end', tell);
    response.once('error', tell);
  });
}
