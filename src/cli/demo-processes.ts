import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Party, partyName } from '../mpc/parties.ts';
import { failed } from './failure.ts';
import { programPath } from './program.ts';
import { contact } from './server-contact.ts';
import { commandLine } from './shell-text.ts';

const upWaitMs = 15_000;
const upPollMs = 30;
const stopWaitMs = 7_000;

const show = (text: string): void => {
  process.stdout.write(text);
};

/** The real program in real processes, none of which outlives `endAll`. */
export class DemoProcesses {
  readonly #running = new Set<ChildProcess>();
  readonly #interruption = new AbortController();

  /** Ends what runs now, and refuses to start anything more. */
  readonly interrupt = (): void => {
    this.#endBecause('The demo was interrupted; nothing is left running.');
  };

  #endBecause(reason: string): void {
    this.#interruption.abort(failed(reason));
    for (const child of this.#running) {
      child.kill('SIGTERM');
    }
  }

  /** Shows a command and its output, which is the answer; a command that fails ends the demo. */
  async run(args: readonly string[], input = ''): Promise<string> {
    show(`\n$ ${commandLine(args)}\n`);
    const child = this.#spawn(args, ['pipe', 'pipe', 'inherit']);
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      show(text);
    });
    const [code]: unknown[] = await once(child, 'close');
    this.#throwIfInterrupted();
    if (code !== 0) {
      throw failed(`The demo failed at: ${commandLine(args)}`);
    }
    return output;
  }

  /** Starts a server and waits until it can be talked to. It stops if this process is gone. */
  async startServer(dir: string, party: Party): Promise<void> {
    const args = ['server', partyName(party), '--headless', '--dir', dir];
    show(`\n$ ${commandLine(args)} &\n`);
    const child = this.#spawn([...args, '--until-stdin-ends'], ['pipe', 'ignore', 'inherit']);
    child.once('exit', () => {
      this.#endBecause(`Fragment server ${partyName(party)} ended by itself, which it must not.`);
    });
    for (let waited = 0; waited < upWaitMs; waited += upPollMs) {
      await sleep(upPollMs);
      this.#throwIfInterrupted();
      const server = await contact(dir, party);
      if (server !== null) {
        server.close();
        return;
      }
    }
    throw failed(`Fragment server ${partyName(party)} was not ready within ${upWaitMs / 1000} s.`);
  }

  async endAll(): Promise<void> {
    const ending = [...this.#running].map(async (child) => {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), stopWaitMs);
      await gone;
      clearTimeout(killer);
    });
    await Promise.all(ending);
  }

  #spawn(args: readonly string[], stdio: ('pipe' | 'ignore' | 'inherit')[]): ChildProcess {
    this.#throwIfInterrupted();
    const child = spawn(process.execPath, [...process.execArgv, programPath(), ...args], { stdio });
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }

  #throwIfInterrupted(): void {
    this.#interruption.signal.throwIfAborted();
  }
}
