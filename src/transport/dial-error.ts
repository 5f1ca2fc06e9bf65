import { printable } from './printable.ts';
import { socketLimits } from './socket-limits.ts';

export type DialFailure =
  /** Nothing listens there. */
  | 'refused'
  /** No way there, or the connection broke during the handshake. */
  | 'unreachable'
  | 'timeout'
  /** The server has too many connections now. */
  | 'busy'
  /** It is not the server that we were told of. */
  | 'wrong-certificate'
  /** The server's certificate is not, or no longer, valid. */
  | 'expired-certificate'
  /** The server does not admit our certificate; the message is its own. */
  | 'forbidden'
  /** Whoever answered does not speak our protocol at that path. */
  | 'protocol'
  /** Given up by this end. */
  | 'stopped';

const outcomes = {
  refused: 'transient',
  unreachable: 'transient',
  timeout: 'transient',
  busy: 'transient',
  'wrong-certificate': 'fatal',
  'expired-certificate': 'fatal',
  forbidden: 'fatal',
  protocol: 'fatal',
  stopped: 'fatal',
} as const satisfies Record<DialFailure, 'transient' | 'fatal'>;

/** Why a server could not be reached. */
export class DialError extends Error {
  override readonly name = 'DialError';
  readonly code: DialFailure;
  /** Whether trying again may help (`transient`), or somebody has to mend something first. */
  readonly outcome: 'transient' | 'fatal';

  constructor(code: DialFailure, message: string) {
    super(message);
    this.code = code;
    this.outcome = outcomes[code];
  }
}

/** The failure that an error of a socket or of the upgrade stands for. */
export function dialErrorOf(error: Error): DialError {
  if (error instanceof DialError) {
    return error;
  }
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ECONNREFUSED') {
    return new DialError('refused', 'connection refused: no server is running there');
  }
  if (code === 'ETIMEDOUT') {
    return new DialError('timeout', 'no answer in time');
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new DialError('unreachable', 'the host name is not known');
  }
  if (code.startsWith('ERR_SSL') || code.startsWith('HPE_') || code === 'EPROTO') {
    return new DialError('protocol', 'whatever answers there is no fragment server');
  }
  return new DialError('unreachable', printable(error.message, socketLimits.refusalBytesMax));
}

/** The failure that an HTTP answer other than the upgrade stands for. */
export function dialErrorOfStatus(status: number, body: string): DialError {
  const text = printable(body, socketLimits.refusalBytesMax);
  const message = text === '' ? `the server answered ${status}` : text;
  switch (status) {
    case 403:
      return new DialError('forbidden', message);
    case 503:
      return new DialError('busy', message);
    default:
      return new DialError('protocol', message);
  }
}
