import type { ScriptLine, ScriptState, ServerLetter } from './state.ts';

/** A walk-through that is played in the consoles. */
export interface Script {
  /** How many there will be. */
  readonly steps: number;
  /** Between two steps, in milliseconds. */
  readonly stepMs: number;
  /** Rejects where something goes wrong: the reason is shown, and the servers stay. */
  play(stage: Stage): Promise<void>;
}

/** What a script can do. Each promise rejects once the script is ended. */
export interface Stage {
  /** Says what comes next, when its time has come and nobody has paused. */
  step(text: string): Promise<void>;
  /** These three do nothing any more once the script is ended: what it started may still have something to say. */
  say(text: string): void;
  /** Shows a command line as if typed in a shell, and later what it printed. */
  command(text: string): void;
  output(text: string): void;
  /** Types an operator command into a server's console, and runs it; resolves to the lines of its answer. */
  type(letter: ServerLetter, line: string): Promise<readonly string[]>;
}

interface Hands {
  show(state: ScriptState): void;
  /** Whether commands can be sent to that server from here. */
  reaches(letter: ServerLetter): boolean;
  /** What stands at a prompt now. */
  type(letter: ServerLetter, line: string): void;
  /** Runs what stands there. */
  run(letter: ServerLetter): Promise<readonly string[]>;
}

const linesMax = 200;
/** Between two typed characters: slow enough to be seen. */
const characterMs = 45;
/** A console finds a server that has just been started within a second or two. */
const reachMs = 15_000;
const reachPollMs = 50;

class ScriptEnded extends Error {}

/** Plays a script step by step; it can be paused, hurried and ended at any time. */
export class ScriptPlayer implements Stage {
  readonly #script: Script;
  readonly #hands: Hands;
  #state: ScriptState;
  /** Set while something waits: goes on at once. */
  #wake: (() => void) | null = null;
  /** Next was pressed: nothing is waited for until the next step has come. */
  #isHurried = false;

  constructor(script: Script, hands: Hands) {
    this.#script = script;
    this.#hands = hands;
    this.#state = { lines: [], step: 0, steps: script.steps, status: 'playing' };
  }

  get state(): ScriptState {
    return this.#state;
  }

  async play(): Promise<void> {
    try {
      await this.#script.play(this);
      this.#become('done');
    } catch (error) {
      if (!(error instanceof ScriptEnded)) {
        this.say(error instanceof Error ? error.message : String(error));
        this.#become('failed');
      }
    }
  }

  pause(): void {
    this.#become('paused');
  }

  'go-on'(): void {
    this.#become('playing');
    this.#wake?.();
  }

  next(): void {
    this.#isHurried = true;
    this.#wake?.();
  }

  end(): void {
    this.#become('ended');
    this.#wake?.();
  }

  /** What is over stays so. */
  #become(status: ScriptState['status']): void {
    if (this.#isUnderWay) {
      this.#change({ status });
    }
  }

  get #isUnderWay(): boolean {
    return this.#state.status === 'playing' || this.#state.status === 'paused';
  }

  async step(text: string): Promise<void> {
    if (this.#state.step > 0) {
      await this.#wait(this.#script.stepMs);
    }
    this.#throwIfEnded();
    this.#isHurried = false;
    this.#change({ step: this.#state.step + 1 });
    this.say(text);
  }

  say(text: string): void {
    this.#add('say', text);
  }

  command(text: string): void {
    this.#add('command', text);
  }

  output(text: string): void {
    for (const line of text.split('\n').filter((one) => one.trim() !== '')) {
      this.#add('output', line);
    }
  }

  async type(letter: ServerLetter, line: string): Promise<readonly string[]> {
    await this.#reach(letter);
    try {
      for (let typed = 1; typed <= line.length; typed++) {
        this.#hands.type(letter, line.slice(0, typed));
        await this.#wait(this.#script.stepMs > 0 ? characterMs : 0);
      }
    } catch (error) {
      // Half a command is not left to whoever takes the keyboard.
      this.#hands.type(letter, '');
      throw error;
    }
    const answer = await this.#hands.run(letter);
    this.#throwIfEnded();
    return answer;
  }

  async #reach(letter: ServerLetter): Promise<void> {
    const until = performance.now() + reachMs;
    this.#throwIfEnded();
    while (!this.#hands.reaches(letter)) {
      if (performance.now() >= until) {
        throw new Error(`The console of server ${letter} is not attached.`);
      }
      await this.#rest(reachPollMs);
      this.#throwIfEnded();
    }
  }

  /** Waits so long, and for as long as the script is paused; not once Next was pressed, up to the next step. */
  async #wait(ms: number): Promise<void> {
    this.#throwIfEnded();
    const until = performance.now() + ms;
    while (!this.#isHurried && (performance.now() < until || this.#state.status === 'paused')) {
      await this.#rest(this.#state.status === 'paused' ? null : until - performance.now());
      this.#throwIfEnded();
    }
  }

  /** Until it is woken, or so long. */
  #rest(ms: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === null ? undefined : setTimeout(resolve, Math.max(0, ms));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #throwIfEnded(): void {
    if (this.#state.status === 'ended') {
      throw new ScriptEnded('the walk-through was ended');
    }
  }

  #add(kind: ScriptLine['kind'], text: string): void {
    if (this.#state.status !== 'ended') {
      this.#change({ lines: [...this.#state.lines, { kind, text }].slice(-linesMax) });
    }
  }

  #change(changed: Partial<ScriptState>): void {
    this.#state = { ...this.#state, ...changed };
    this.#hands.show(this.#state);
  }
}
