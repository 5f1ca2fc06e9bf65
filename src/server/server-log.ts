import { appendFileSync } from 'node:fs';
import path from 'node:path';
import pino from 'pino';
import { createStream } from 'rotating-file-stream';

/** A server's log file and how much of it is kept. */
const logName = 'server.log';
const logBytesMax = '10M';
const logFilesMax = 5;

export interface ServerLog {
  readonly logger: pino.Logger;
  /** Writes at once, as the process is about to end of a bug. */
  crash(error: Error): void;
  /** Writes out what is left. */
  close(): Promise<void>;
}

/**
 * The structured log of a server: JSON lines in its directory, rotated by size. Only texts and counts made for
 * operators are handed to it; messages, batches and tallies never are.
 */
export function openServerLog(directory: string, server: string): ServerLog {
  const stream = createStream(logName, {
    path: directory,
    size: logBytesMax,
    maxFiles: logFilesMax,
    mode: 0o600,
    history: `${logName}.history`,
  });
  // A full disk must not take the server along: what cannot be logged is lost.
  stream.on('error', () => {});
  const level = process.env['FRIBS_LOG_LEVEL'] ?? 'info';
  const logger = pino(
    { level: level in pino.levels.values ? level : 'info', base: { server } },
    stream,
  );
  return {
    logger,
    crash: (error) => {
      const line = {
        level: pino.levels.values['fatal'],
        time: Date.now(),
        server,
        msg: error.stack,
      };
      appendFileSync(path.join(directory, logName), `${JSON.stringify(line)}\n`, { mode: 0o600 });
    },
    // Also where the stream has failed, and will never finish.
    close: () =>
      new Promise((resolve) => {
        if (stream.destroyed) {
          resolve();
          return;
        }
        stream.once('close', () => resolve());
        stream.end(() => resolve());
      }),
  };
}
