import type { Writable } from 'node:stream';

/** Lines that a stalled reader leaves unread are dropped from here on: the log file has them. */
const backlogBytesMax = 1024 * 1024;

/** Writes log lines for whoever reads them; a server never fails, waits or grows because nobody does. */
export function echoTo(output: Writable): (line: string) => void {
  let open = true;
  output.on('error', () => {
    open = false;
  });
  return (line) => {
    if (open && output.writableLength < backlogBytesMax) {
      output.write(`${line}\n`);
    }
  };
}
