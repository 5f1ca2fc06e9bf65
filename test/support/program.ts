import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';

/** The program as its users start it; `npm run build` must have made dist/. */
export const program = path.resolve(import.meta.dirname, '..', '..', 'bin', 'fribs.js');

export interface Outcome {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Circumstances {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Starts `fribs` with pipes; whoever starts it ends it. */
export function startFribs(args: readonly string[], { env, cwd }: Circumstances = {}) {
  return spawn(process.execPath, [program, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** Runs `fribs` to its end. */
export async function fribs(
  args: readonly string[],
  circumstances: Circumstances = {},
): Promise<Outcome> {
  const child = startFribs(args, circumstances);
  const stdout = gathered(child.stdout);
  const stderr = gathered(child.stderr);
  child.stdin.on('error', () => undefined);
  child.stdin.end(circumstances.input ?? '');
  const [code]: unknown[] = await once(child, 'close');
  return { code: typeof code === 'number' ? code : null, stdout: stdout(), stderr: stderr() };
}

/** All that comes out of a stream from now on. */
export function gathered(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  return () => text;
}

/** Resolves to the exit code. */
export async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    await once(child, 'exit');
  }
  return child.exitCode;
}

export function temporaryDirectory(): { readonly dir: string; remove(): void } {
  const dir = mkdtempSync(path.join(tmpdir(), 'fribs-test-'));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** Sets up three servers and a client in `dir`. */
export async function makeElection(
  dir: string,
  ports: readonly number[],
  ...more: readonly string[]
): Promise<void> {
  const outcome = await fribs(['setup', '--dir', dir, '--ports', ports.join(','), ...more]);
  if (outcome.code !== 0) {
    throw new Error(`setup failed: ${outcome.stderr}`);
  }
}
