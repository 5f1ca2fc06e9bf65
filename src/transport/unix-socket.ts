import { chmodSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';

export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

/**
 * Whether a living process listens at `path`. The kernel answers for one that is stopped or hangs, and a socket
 * whose process was killed refuses: so `false` is certain, and what is not certain counts as alive.
 */
export function listensAt(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error) => {
      resolve(!['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'].includes(codeOf(error)));
    });
  });
}

/** Listens at `path`, which must be free, with a socket file that only this user can open. */
export function listenAt(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    withUmask(0o177, () => {
      server.listen({ path }, () => {
        server.off('error', reject);
        // Too many open files: those who connect have to wait, nothing else.
        server.on('error', () => undefined);
        chmodSync(path, 0o600);
        resolve();
      });
    });
  });
}

/** A unix socket is made within the call to `listen`, so the file never has other rights than it should. */
function withUmask(mask: number, action: () => void): void {
  if (!isMainThread) {
    action();
    return;
  }
  const before = process.umask(mask);
  try {
    action();
  } finally {
    process.umask(before);
  }
}
