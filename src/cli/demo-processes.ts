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

/** Where the demo shows what it does. */
export interface DemoDisplay {
  command(line: string): void;
  output(text: string): void;
  /** What a process wrote to its stderr. */
  complaint(text: string): void;
  /** A server has ended that nobody has stopped on purpose. */
  serverEnded(party: Party): void;
}

/** The real program in real processes, none of which outlives `endAll`. */
export class DemoProcesses {
  readonly #display: DemoDisplay;
  readonly #running = new Set<ChildProcess>();
  readonly #interruption = new AbortController();

  constructor(display: DemoDisplay) {
    this.#display = display;
  }

  /** Ends what runs now, and refuses to start anything more. */
  interrupt(reason: string): void {
    this.#interruption.abort(failed(reason));
    for (const child of this.#running) {
      child.kill('SIGTERM');
    }
  }

  /** Shows a command and its output, which is the answer; rejects where the command fails. */
  async run(args: readonly string[], input = ''): Promise<string> {
    this.#display.command(commandLine(args));
    const child = this.#spawn(args, 'pipe');
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      this.#display.output(text);
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
    this.#display.command(`${commandLine(args)} &`);
    const child = this.#spawn([...args, '--until-stdin-ends'], 'ignore');
    child.once('exit', () => this.#display.serverEnded(party));
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

  #spawn(args: readonly string[], stdout: 'pipe' | 'ignore'): ChildProcess {
    this.#throwIfInterrupted();
    const child = spawn(process.execPath, [...process.execArgv, programPath(), ...args], {
      stdio: ['pipe', stdout, 'pipe'],
      // Ctrl-C on the terminal is the demo's to handle, not each server's.
      detached: true,
    });
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#display.complaint(text));
    return child;
  }

  #throwIfInterrupted(): void {
    this.#interruption.signal.throwIfAborted();
  }
}
