/** Why a server cannot listen at its port, and what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  /** The system's: EADDRINUSE, EACCES, ... */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export function listenErrorOf(error: Error, host: string, port: number): ListenError {
  const code = 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'EADDRINUSE':
      return new ListenError(
        code,
        `Port ${port} on ${host} is in use by another program, perhaps by another server of a trial: stop ` +
          'that one, or set up the election with other ports (fribs setup --ports).',
      );
    case 'EACCES':
      return new ListenError(
        code,
        `No permission to listen on port ${port} of ${host}: take a port from 1024 on (fribs setup --ports).`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ListenError(
        code,
        `${host} is no address of this machine, so port ${port} cannot be opened there: check --host.`,
      );
    default:
      return new ListenError(code, `Cannot listen on port ${port} of ${host}: ${error.message}`);
  }
}
