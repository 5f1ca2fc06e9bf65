import { writeSync } from 'node:fs';

/** A terminal that takes what it can and never makes the process wait. */
export interface ScreenOutput {
  readonly columns: number;
  readonly rows: number;
  /** Hands bytes over and says how many were taken: none where the terminal does not read. Throws where it is gone. */
  send(bytes: Uint8Array): number;
  /** Whether writes of others wait for the terminal, as Node has it for terminals. */
  setBlocking(blocks: boolean): void;
}

/** Written to the file itself: what a stream has queued can neither be replaced by a newer picture nor taken back. */
export function screenOutput(stream: NodeJS.WriteStream & { readonly fd: number }): ScreenOutput {
  return {
    get columns() {
      return stream.columns || 80;
    },
    get rows() {
      return stream.rows || 24;
    },
    send: (bytes) => {
      try {
        return writeSync(stream.fd, bytes);
      } catch (error) {
        if (isBusy(error)) {
          return 0;
        }
        throw error;
      }
    },
    setBlocking: (blocks) => {
      const handle: unknown = Reflect.get(stream, '_handle');
      if (typeof handle === 'object' && handle !== null) {
        const set: unknown = Reflect.get(handle, 'setBlocking');
        if (typeof set === 'function') {
          Reflect.apply(set, handle, [blocks]);
        }
      }
    },
  };
}

const isBusy = (error: unknown) =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'EAGAIN' || error.code === 'EWOULDBLOCK' || error.code === 'EINTR');
