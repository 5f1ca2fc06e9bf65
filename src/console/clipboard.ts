import { spawn } from 'node:child_process';

/** Terminals refuse or cut longer ones. */
const copiedBytesMax = 74_000;

/** The terminal's own request to set the clipboard (OSC 52), which reaches through ssh; null where the text is too long. */
export function clipboardSequence(text: string): string | null {
  const bytes = Buffer.from(text);
  return bytes.length > copiedBytesMax ? null : `\u001b]52;c;${bytes.toString('base64')}\u0007`;
}

/** Within tmux: its own buffer, which it passes on to the terminal where it may. Resolves to whether tmux took it. */
export function copyInTmux(text: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('tmux', ['load-buffer', '-w', '-'], {
      stdio: ['pipe', 'ignore', 'ignore'],
      timeout: 2_000,
    });
    child.once('error', () => resolve(false));
    child.once('close', (code) => resolve(code === 0));
    child.stdin.on('error', () => undefined);
    child.stdin.end(text);
  });
}
