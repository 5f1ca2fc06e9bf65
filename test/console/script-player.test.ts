import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Script, ScriptPlayer, type Stage } from '../../src/console/script-player.ts';
import type { ServerLetter } from '../../src/console/state.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const stepMs = 1_000;

/** A script under way, and all that it did. */
class Played {
  readonly player: ScriptPlayer;
  readonly did: string[] = [];
  readonly over: Promise<void>;
  isReached = true;
  prompt = '';
  answer: (lines: readonly string[]) => void = () => undefined;

  constructor(play: Script['play'], pace = stepMs) {
    this.player = new ScriptPlayer(
      { steps: 3, stepMs: pace, play },
      {
        show: ({ status, step }) => this.#note(`${status} ${step}`),
        reaches: () => this.isReached,
        type: (letter, line) => {
          this.prompt = line;
          this.did.push(`${letter}> ${line}`);
        },
        run: (letter) => {
          this.did.push(`${letter} runs ${this.prompt}`);
          return new Promise((resolve) => {
            this.answer = resolve;
          });
        },
      },
    );
    this.over = this.player.play();
  }

  #note(what: string): void {
    if (this.did.at(-1) !== what) {
      this.did.push(what);
    }
  }

  get lines(): string[] {
    return this.player.state.lines.map(({ kind, text }) => `${kind} ${text}`);
  }

  get said(): string[] {
    return this.lines.filter((line) => line.startsWith('say'));
  }

  get status(): string {
    return `${this.player.state.status} ${this.player.state.step}`;
  }
}

const threeSteps = async (stage: Stage) => {
  await stage.step('one');
  await stage.step('two');
  await stage.step('three');
};
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

const typing =
  (letter: ServerLetter, line: string, answers: string[] = []) =>
  async (stage: Stage) => {
    await stage.step('type');
    answers.push(...(await stage.type(letter, line)));
    await stage.step('after');
  };

describe('a script', () => {
  it('says one step after the other, each in its time', async () => {
    const played = new Played(threeSteps);
    await pass(0);
    expect(played.status).toBe('playing 1');
    await pass(stepMs - 1);
    expect(played.said).toEqual(['say one']);
    await pass(1);
    expect(played.said).toEqual(['say one', 'say two']);
    await pass(stepMs);
    expect(played.said).toEqual(['say one', 'say two', 'say three']);
    await played.over;
    expect(played.status).toBe('done 3');
  });

  it('waits for nothing without a pace', async () => {
    const played = new Played(threeSteps, 0);
    await played.over;
    expect(played.status).toBe('done 3');
  });

  it('shows commands and what they print, without empty lines, and keeps the newest', async () => {
    const played = new Played(async (stage) => {
      await stage.step('run');
      stage.command('fribs setup');
      stage.output('one\n\n  two\n');
      for (let line = 0; line < 300; line += 1) {
        stage.say(`line ${line}`);
      }
    });
    await played.over;
    expect(played.lines).toHaveLength(200);
    expect(played.lines.at(-1)).toBe('say line 299');
    expect(played.lines[0]).toBe('say line 100');
  });

  it('types a command character by character, runs it once, and gets its answer', async () => {
    const answers: string[] = [];
    const played = new Played(typing('b', 'abc', answers));
    await pass(stepMs);
    expect(played.did.filter((did) => did.startsWith('b'))).toEqual([
      'b> a',
      'b> ab',
      'b> abc',
      'b runs abc',
    ]);
    played.answer(['Tally: [1]']);
    await pass(stepMs);
    expect(answers).toEqual(['Tally: [1]']);
    expect(played.status).toBe('done 2');
  });

  it('waits to type until the server can be reached, and gives up in the end', async () => {
    const played = new Played(typing('a', 'x'));
    played.isReached = false;
    await pass(5_000);
    expect(played.did.some((did) => did.startsWith('a'))).toBe(false);
    played.isReached = true;
    await pass(1_000);
    expect(played.did).toContain('a runs x');
    const never = new Played(typing('a', 'x'));
    never.isReached = false;
    await pass(20_000);
    await never.over;
    expect(never.status).toBe('failed 1');
    expect(never.said.at(-1)).toMatch(/server a is not attached/);
  });

  it('that fails says why, and is over', async () => {
    const played = new Played(async (stage) => {
      await stage.step('one');
      throw new Error('The tally is not 157');
    });
    await played.over;
    expect(played.status).toBe('failed 1');
    expect(played.said.at(-1)).toBe('say The tally is not 157');
    for (const wish of ['pause', 'go-on', 'next', 'end'] as const) {
      played.player[wish]();
      expect(played.status).toBe('failed 1');
    }
  });
});

describe('pause', () => {
  it('holds the next step for as long as it takes, and goes on at once after that', async () => {
    const played = new Played(threeSteps);
    await pass(100);
    played.player.pause();
    expect(played.status).toBe('paused 1');
    await pass(3_600_000);
    expect(played.said).toEqual(['say one']);
    played.player['go-on']();
    await pass(0);
    expect(played.said).toEqual(['say one', 'say two']);
    await pass(stepMs);
    expect(played.status).toBe('done 3');
  });

  it('holds typing between two characters, and runs nothing meanwhile', async () => {
    const played = new Played(typing('a', 'print tally'));
    await pass(100);
    played.player.pause();
    await pass(60_000);
    expect(played.prompt).not.toBe('print tally');
    expect(played.did.join()).not.toContain('runs');
    played.player['go-on']();
    await pass(stepMs);
    expect(played.did).toContain('a runs print tally');
  });

  it('shorter than the wait makes it no longer', async () => {
    const played = new Played(threeSteps);
    await pass(100);
    played.player.pause();
    await pass(100);
    played.player['go-on']();
    await pass(stepMs - 201);
    expect(played.said).toEqual(['say one']);
    await pass(1);
    expect(played.said).toHaveLength(2);
  });
});

describe('next', () => {
  it('takes the next step at once, and one only', async () => {
    const played = new Played(threeSteps);
    await pass(10);
    played.player.next();
    await pass(0);
    expect(played.said).toEqual(['say one', 'say two']);
    await pass(stepMs - 1);
    expect(played.said).toHaveLength(2);
    await pass(1);
    expect(played.said).toHaveLength(3);
  });

  it('goes one step on while it is paused, and stays paused', async () => {
    const played = new Played(threeSteps);
    await pass(10);
    played.player.pause();
    played.player.next();
    await pass(stepMs * 5);
    expect(played.status).toBe('paused 2');
    played.player.next();
    await pass(0);
    expect(played.said).toHaveLength(3);
  });

  it('types the rest at once', async () => {
    const played = new Played(typing('a', 'print tally'));
    await pass(50);
    played.player.next();
    await pass(0);
    expect(played.did).toContain('a runs print tally');
    played.answer([]);
    await pass(0);
    expect(played.said).toEqual(['say type', 'say after']);
  });
});

describe('end', () => {
  const ended = async (play: Script['play'], afterMs: number) => {
    const played = new Played(play);
    await pass(afterMs);
    played.player.end();
    await pass(0);
    return played;
  };

  it('leaves what was said, says nothing more, and cannot be undone', async () => {
    const played = await ended(threeSteps, 10);
    await played.over;
    expect(played.status).toBe('ended 1');
    for (const wish of ['pause', 'go-on', 'next', 'end'] as const) {
      played.player[wish]();
    }
    await pass(stepMs * 9);
    expect(played.status).toBe('ended 1');
    expect(played.said).toEqual(['say one']);
  });

  it('does not leave half a command at the prompt', async () => {
    const played = await ended(typing('a', 'print tally'), 100);
    await played.over;
    expect(played.prompt).toBe('');
    expect(played.did.join()).not.toContain('runs');
  });

  it('stays ended where the script had nothing left to wait for, or failed afterwards', async () => {
    for (const fault of [null, new Error('interrupted')]) {
      let goOn: () => void = () => undefined;
      const work = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      const played = await ended(async (stage) => {
        await stage.step('one');
        await work;
        if (fault !== null) {
          throw fault;
        }
      }, 0);
      goOn();
      await played.over;
      expect(played.status).toBe('ended 1');
      expect(played.said).toEqual(['say one']);
    }
  });

  it('lets what the script started speak on into nothing, and never throws at it', async () => {
    let stage: Stage | null = null;
    const played = await ended(async (given) => {
      stage = given;
      await threeSteps(given);
    }, 0);
    const late = stage as unknown as Stage;
    expect(() => {
      late.output('written by a process that still runs\n');
      late.command('fribs');
      late.say('x');
    }).not.toThrow();
    expect(played.lines).toEqual(['say one']);
    await expect(late.step('more')).rejects.toThrow();
    await expect(late.type('a', 'stop')).rejects.toThrow();
    expect(played.prompt).toBe('');
  });

  it('reaches a script that waits for its server', async () => {
    const played = new Played(typing('a', 'x'));
    played.isReached = false;
    await pass(100);
    played.player.end();
    await pass(100);
    await played.over;
    played.isReached = true;
    await pass(60_000);
    expect(played.did.some((did) => did.startsWith('a'))).toBe(false);
  });

  it('at any point, after any other keys, is the end of everything', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            wish: fc.constantFrom('pause', 'go-on', 'next'),
            ms: fc.integer({ min: 0, max: 900 }),
          }),
          { maxLength: 12 },
        ),
        fc.integer({ min: 0, max: 2_500 }),
        async (wishes, ms) => {
          const played = new Played(async (stage) => {
            await stage.step('one');
            await stage.type('a', 'flush tally');
            await stage.step('two');
            await stage.type('b', 'print tally');
            await stage.step('three');
          });
          for (const { wish, ms: pause } of wishes) {
            played.player[wish]();
            await pass(pause);
            played.answer([]);
          }
          await pass(ms);
          const before = played.player.state.status;
          played.player.end();
          await pass(0);
          const { did, lines } = { did: [...played.did], lines: [...played.lines] };
          played.answer([]);
          await pass(60_000);
          await played.over;
          expect(played.did).toEqual(did);
          expect(played.lines).toEqual(lines);
          expect(played.player.state.status).toBe(before === 'done' ? 'done' : 'ended');
        },
      ),
    );
  });
});
