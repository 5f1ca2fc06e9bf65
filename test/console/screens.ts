import { readFileSync } from 'node:fs';
import path from 'node:path';
import { listRules } from '../../src/cli/list-rules.ts';
import { composeRows } from '../../src/console/compose.ts';
import { unicodeGlyphs } from '../../src/console/glyphs.ts';
import { helpSections } from '../../src/console/keys.ts';
import { type Line, plainText } from '../../src/console/line.ts';
import { drawWall, isTiny, measureWith } from '../../src/console/picture.ts';
import { presentRecombination } from '../../src/console/present-recombination.ts';
import { presentVoting } from '../../src/console/present-voting.ts';
import { beginRecombination, recombination } from '../../src/console/recombination.ts';
import type { ServerEvent } from '../../src/console/server-events.ts';
import {
  newConsole,
  newWall,
  type ScriptState,
  type ServerLetter,
  type WallState,
} from '../../src/console/state.ts';
import { update, type WallEvent } from '../../src/console/update.ts';
import { beginVoting, observed, type VotingSnapshot } from '../../src/console/voting.ts';
import type { OperatorSnapshot } from '../../src/fragment/snapshot.ts';
import type { ControlAnswer, ControlRows, Notice } from '../../src/transport/control-messages.ts';
import { keyCalled } from './desk.ts';

/** What real servers told real consoles: three servers with a tally, then without server c. */
interface Recorded {
  readonly flush: ControlAnswer;
  readonly flushed: ControlAnswer;
  readonly prints: Readonly<Record<ServerLetter, ControlAnswer>>;
  readonly ready: Readonly<Record<ServerLetter, Told>>;
  readonly down: Readonly<Record<'a' | 'b', Told>>;
}

interface Told {
  readonly notices: readonly Notice[];
  readonly snapshot: OperatorSnapshot;
  readonly rows: ControlRows;
}

const recorded: Recorded = JSON.parse(
  readFileSync(path.join(import.meta.dirname, 'recorded.json'), 'utf8'),
);

const letters: readonly ServerLetter[] = ['a', 'b', 'c'];
const glyphs = unicodeGlyphs;

/** Somebody at the consoles of servers whose words were recorded. */
class Watcher {
  #wall: WallState;
  #now: number;

  constructor(watched: readonly ServerLetter[], columns: number, rows: number, now: number) {
    const consoles = watched.map((letter) => newConsole(letter, [], 0));
    this.#wall = newWall(consoles, { columns, rows });
    this.#now = now;
  }

  hear(letter: ServerLetter, told: Told): void {
    const events: readonly ServerEvent[] = [
      { kind: 'contact', contact: { kind: 'attached' } },
      { kind: 'notices', notices: told.notices, isRetold: true },
      { kind: 'snapshot', snapshot: told.snapshot },
      { kind: 'rows', table: 'pool', rows: told.rows },
    ];
    for (const event of events) {
      this.#happen({ kind: 'server', letter, event });
    }
  }

  press(...keys: readonly string[]): void {
    for (const key of keys) {
      this.#happen({ kind: 'input', event: keyCalled(key) });
    }
  }

  /** Types a command at the prompt, runs it, and gets the recorded answer. */
  run(letter: ServerLetter, line: string, answer: ControlAnswer): void {
    this.#happen({ kind: 'script-types', letter, line });
    this.#happen({ kind: 'script-runs', letter });
    const id = this.#wall.nextId - 1;
    this.#happen({ kind: 'server', letter, event: { kind: 'answer', id, answer } });
  }

  play(script: ScriptState): void {
    this.#happen({ kind: 'script', script });
  }

  screen(): string {
    const { columns, rows } = this.#wall;
    const picture = drawWall(this.#wall, { glyphs, now: this.#now });
    return textOf(composeRows(picture, columns, rows));
  }

  #happen(event: WallEvent): void {
    const measure = measureWith({ glyphs, now: this.#now });
    this.#wall = update(this.#wall, event, { now: this.#now, measure, isTiny }).state;
    this.#now += 1;
  }
}

const textOf = (lines: readonly Line[]): string =>
  lines.map((line) => plainText(line).trimEnd()).join('\n');

const newestNotice = (told: Told): number => Math.max(...told.notices.map(({ at }) => at));

function alone(columns: number, rows: number): Watcher {
  const watcher = new Watcher(['a'], columns, rows, newestNotice(recorded.ready.a) + 1_000);
  watcher.hear('a', recorded.ready.a);
  watcher.run('a', 'flush tally', recorded.flush);
  watcher.run('a', 'print tally', recorded.prints.a);
  return watcher;
}

function withoutC(columns: number, rows: number): Watcher {
  const watcher = new Watcher(['a'], columns, rows, newestNotice(recorded.down.a) + 3_000);
  watcher.hear('a', recorded.ready.a);
  watcher.hear('a', recorded.down.a);
  watcher.run('a', 'flush tally', recorded.flushed);
  return watcher;
}

function wall(columns: number, rows: number): Watcher {
  const now = Math.max(...letters.map((letter) => newestNotice(recorded.ready[letter])));
  const watcher = new Watcher(letters, columns, rows, now + 1_000);
  for (const letter of letters) {
    watcher.hear(letter, recorded.ready[letter]);
  }
  watcher.run('a', 'flush tally', recorded.flush);
  for (const letter of letters) {
    watcher.run(letter, 'print tally', recorded.prints[letter]);
  }
  return watcher;
}

function demo(): string {
  const watcher = wall(160, 45);
  watcher.play({
    step: 7,
    steps: 8,
    status: 'playing',
    lines: [
      {
        kind: 'say',
        text: 'The three lists say nothing apart, and everything together, pasted by hand:',
      },
      { kind: 'command', text: 'fribs client tally --paste --dir data/demo' },
      { kind: 'output', text: 'Tally is 157' },
      { kind: 'say', text: 'Or collected by a client that the servers admit:' },
      { kind: 'command', text: 'fribs client tally --dir data/demo' },
    ],
  });
  return watcher.screen();
}

function pressing(watcher: Watcher, ...keys: readonly string[]): string {
  watcher.press(...keys);
  return watcher.screen();
}

const size = { columns: 80, rows: 24 };

function voting(): string {
  const acknowledged = [610_304, 608_256, 606_208] as const;
  const snapshot: VotingSnapshot = {
    ...{ phase: 'casting', total: 1_000_000, cast: 608_256, waiting: 8_192, refused: 0 },
    duplicates: 57,
    servers: letters.map((letter, index) => ({
      ...{ name: letter, state: 'up', reason: '', acknowledged: acknowledged[index] ?? 0 },
    })),
  };
  const title = 'FRIBs election';
  const begun = beginVoting(
    { title, resume: 'fribs client many --resume' },
    { ...snapshot, cast: 0 },
    0,
  );
  return textOf(presentVoting(observed(begun, snapshot, 2_600), size, glyphs, 2_600));
}

function recombining(): string {
  const text = letters.map((letter) => recorded.prints[letter].lines.join('\n')).join('\n');
  const state = recombination(
    beginRecombination('paste', 'FRIBs election'),
    { kind: 'paste', text: `${text}\n` },
    listRules(24),
  );
  return textOf(presentRecombination(state, size, glyphs).lines);
}

/** Every key, as a table of each context. */
function keyTables(): string {
  return helpSections({ several: true })
    .map(({ title, keys }) => {
      const rows = keys.map(({ key, text }) => `| ${key.replaceAll('|', '\\|')} | ${text} |`);
      return [`**${title}**`, '', '| key | what it does |', '| --- | --- |', ...rows].join('\n');
    })
    .join('\n\n');
}

/** Every screen of the documentation by its name, drawn by the program itself. */
export const screens: Readonly<Record<string, () => string>> = {
  console: () => alone(60, 44).screen(),
  small: () => alone(80, 24).screen(),
  alarm: () => withoutC(60, 44).screen(),
  stop: () => pressing(alone(60, 30), 'Esc', 's'),
  help: () => pressing(wall(100, 70), 'Esc', '?'),
  wall: () => wall(160, 45).screen(),
  one: () => wall(80, 24).screen(),
  demo,
  voting,
  recombining,
};

export const tables: Readonly<Record<string, () => string>> = { keys: keyTables };
