import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  complete,
  editWhole,
  emptyPrompt,
  eraseAll,
  eraseBefore,
  eraseNext,
  eraseWord,
  insert,
  lineCharactersMax,
  type Prompt,
  recall,
  submitted,
  toEnd,
  toStart,
  typed,
} from '../../src/console/prompt.ts';
import { simpleKey } from '../../src/console/prompt-editing.ts';
import { commandWords } from '../../src/console/run-line.ts';
import { commandTable } from '../../src/fragment/commands.ts';

const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const whole = (text: string) => Array.from(characters.segment(text), ({ segment }) => segment);

const at = (line: string, cursor = line.length): Prompt => ({ ...emptyPrompt(), line, cursor });

/** A key as the console handles it: the input field does the simple ones and tells the line. */
function press(prompt: Prompt, name: string, text = ''): Prompt {
  const event = { kind: 'key', name, text, ctrl: false, shift: false } as const;
  const simple = simpleKey(event, prompt.line, prompt.cursor);
  if (simple === undefined) {
    return editWhole(prompt, event);
  }
  if (simple.sequence === '') {
    return prompt;
  }
  const { line, cursor } = prompt;
  switch (name) {
    case 'left':
    case 'right':
      return { ...prompt, cursor: simple.cursor };
    case 'backspace':
      return typed(prompt, line.slice(0, cursor - 1) + line.slice(cursor));
    default:
      return typed(prompt, line.slice(0, cursor) + text + line.slice(cursor));
  }
}

/** The same as lists of whole characters. No character of these joins with another one. */
interface Editor {
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly history: readonly string[];
  readonly place: number;
  readonly draft: readonly string[];
}

const alphabet = ['a', 'b', ' ', '-', 'é', 'e\u0301', '汉', '😀', '👨‍👩‍👧', '🇩🇪', '❤️'] as const;
const joined = (list: readonly string[]) => list.join('');
const lineOf = ({ before, after }: Editor) => joined([...before, ...after]);

function wordStart(before: readonly string[]): number {
  let start = before.length;
  while (start > 0 && before[start - 1] === ' ') {
    start -= 1;
  }
  while (start > 0 && before[start - 1] !== ' ') {
    start -= 1;
  }
  return start;
}

const blank = { before: [], after: [], draft: [] };

interface Edit {
  readonly name: string;
  real(prompt: Prompt): Prompt;
  model(editor: Editor): Editor;
}

const typing = (text: string): Edit => ({
  name: `type ${text}`,
  real: (prompt) => press(prompt, text, text),
  model: (editor) => ({ ...editor, before: [...editor.before, text] }),
});

const pasting = (texts: readonly string[]): Edit => ({
  name: `paste ${joined(texts)}`,
  real: (prompt) => insert(prompt, joined(texts)),
  model: (editor) => ({ ...editor, before: [...editor.before, ...texts] }),
});

function recalled(editor: Editor, by: 1 | -1): Editor {
  const { history, place } = editor;
  const next = place + by;
  if (next < 0 || next > history.length) {
    return editor;
  }
  const draft = place === history.length ? [...editor.before, ...editor.after] : editor.draft;
  const line = next === history.length ? draft : whole(history[next] ?? '');
  return { ...editor, before: line, after: [], place: next, draft };
}

function submit(editor: Editor): Editor {
  const line = lineOf(editor).trim();
  const history =
    line === '' || editor.history.at(-1) === line ? editor.history : [...editor.history, line];
  return { ...blank, history, place: history.length };
}

const edits: readonly Edit[] = [
  {
    name: 'backspace',
    real: (prompt) => press(prompt, 'backspace'),
    model: (editor) => ({ ...editor, before: editor.before.slice(0, -1) }),
  },
  {
    name: 'left',
    real: (prompt) => press(prompt, 'left'),
    model: ({ before, after, ...rest }) => ({
      ...rest,
      before: before.slice(0, -1),
      after: [...before.slice(-1), ...after],
    }),
  },
  {
    name: 'right',
    real: (prompt) => press(prompt, 'right'),
    model: ({ before, after, ...rest }) => ({
      ...rest,
      before: [...before, ...after.slice(0, 1)],
      after: after.slice(1),
    }),
  },
  {
    name: 'Ctrl-A',
    real: toStart,
    model: (editor) => ({ ...editor, before: [], after: [...editor.before, ...editor.after] }),
  },
  {
    name: 'Ctrl-E',
    real: toEnd,
    model: (editor) => ({ ...editor, before: [...editor.before, ...editor.after], after: [] }),
  },
  { name: 'Ctrl-U', real: eraseBefore, model: (editor) => ({ ...editor, before: [] }) },
  {
    name: 'Ctrl-W',
    real: eraseWord,
    model: (editor) => ({ ...editor, before: editor.before.slice(0, wordStart(editor.before)) }),
  },
  {
    name: 'Ctrl-D',
    real: eraseNext,
    model: (editor) => ({ ...editor, after: editor.after.slice(1) }),
  },
  { name: 'Up', real: (prompt) => recall(prompt, -1), model: (editor) => recalled(editor, -1) },
  { name: 'Down', real: (prompt) => recall(prompt, 1), model: (editor) => recalled(editor, 1) },
  {
    name: 'Ctrl-C',
    real: eraseAll,
    model: ({ history }) => ({ ...blank, history, place: history.length }),
  },
  { name: 'Enter', real: submitted, model: submit },
];

class Applied implements fc.Command<{ editor: Editor }, { prompt: Prompt }> {
  readonly #edit: Edit;

  constructor(edit: Edit) {
    this.#edit = edit;
  }

  check(): boolean {
    return true;
  }

  run(model: { editor: Editor }, real: { prompt: Prompt }): void {
    const before = real.prompt;
    model.editor = this.#edit.model(model.editor);
    real.prompt = this.#edit.real(before);
    const { line, cursor, history, version } = real.prompt;
    expect({ line, cursor, history }).toEqual({
      line: lineOf(model.editor),
      cursor: joined(model.editor.before).length,
      history: model.editor.history,
    });
    // Where the input field has not made the change itself it has to start over.
    expect(version >= before.version).toBe(true);
  }

  toString(): string {
    return this.#edit.name;
  }
}

const anyEdit = fc
  .oneof(
    { weight: 4, arbitrary: fc.constantFrom(...alphabet).map(typing) },
    { weight: 1, arbitrary: fc.array(fc.constantFrom(...alphabet), { maxLength: 6 }).map(pasting) },
    { weight: 5, arbitrary: fc.constantFrom(...edits) },
  )
  .map((edit) => new Applied(edit));

describe('the prompt', () => {
  it('edits as a list of whole characters does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('print tally', 'help', '汉 😀'), { maxLength: 3 }),
        fc.commands([anyEdit], { maxCommands: 60 }),
        (history, commands) => {
          const setup = () => ({
            model: { editor: { ...blank, history, place: history.length } },
            real: { prompt: emptyPrompt(history) },
          });
          fc.modelRun(setup, commands);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('keeps the cursor within the line and between characters that are units, whatever is typed', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }).map(typing),
            fc.constantFrom('\u0301', '\u200d', '🏽', '\ud83d').map(typing),
            fc.constantFrom(...edits),
          ),
          { maxLength: 60 },
        ),
        (steps) => {
          let prompt = emptyPrompt(['print tally']);
          for (const { real } of steps) {
            prompt = real(prompt);
            expect(prompt.cursor).toBeGreaterThanOrEqual(0);
            expect(prompt.cursor).toBeLessThanOrEqual(prompt.line.length);
          }
        },
      ),
    );
  });

  it('erases whole characters in both directions', () => {
    const line = 'a👨‍👩‍👧e\u0301😀b';
    let forward = at(line, 0);
    let back = at(line);
    for (const left of [4, 3, 2, 1, 0]) {
      forward = eraseNext(forward);
      back = press(back, 'backspace');
      expect(whole(forward.line)).toEqual(whole(line).slice(5 - left));
      expect(whole(back.line)).toEqual(whole(line).slice(0, left));
    }
  });

  it('takes a whole character or none where the line gets full', () => {
    const full = insert(emptyPrompt(), 'x'.repeat(lineCharactersMax - 1));
    expect(insert(full, '😀').line).toBe(full.line);
    expect(insert(full, 'y😀').line).toBe(`${full.line}y`);
    expect(insert(full, 'e\u0301').line).toBe(full.line);
    expect(insert(emptyPrompt(), 'z'.repeat(2 * lineCharactersMax)).line).toBe(
      'z'.repeat(lineCharactersMax),
    );
  });

  it('starts the input field over at every change that is not its own', () => {
    const prompt = at('print tally', 5);
    for (const changed of [toStart, toEnd, eraseAll, eraseBefore, eraseWord, eraseNext]) {
      expect(changed(prompt).version).toBe(prompt.version + 1);
    }
    expect(typed(prompt, 'print  tally').version).toBe(prompt.version);
  });
});

describe('the history', () => {
  it('begins with the newest, comes back to what was being typed, and stops at its ends', () => {
    let prompt: Prompt = { ...emptyPrompt(['one', 'two']), line: 'thr', cursor: 1 };
    const seen = [-1, -1, -1, 1, 1, 1].map((by) => {
      prompt = recall(prompt, by === 1 ? 1 : -1);
      return prompt.line;
    });
    expect(seen).toEqual(['two', 'one', 'one', 'two', 'thr', 'thr']);
    expect(prompt.cursor).toBe(3);
  });

  it('takes a line once, trimmed, and none that is empty', () => {
    const lines = ['help', ' help ', '', '   ', 'print tally', 'help'];
    let prompt = emptyPrompt(['help']);
    for (const line of lines) {
      prompt = submitted(insert(prompt, line));
    }
    expect(prompt.history).toEqual(['help', 'print tally', 'help']);
    expect(prompt).toMatchObject({ line: '', cursor: 0, recalled: null, draft: '' });
  });

  it('keeps the newest thousand', () => {
    const history = Array.from({ length: 1_500 }, (_, index) => `line ${index}`);
    expect(emptyPrompt(history).history).toEqual(history.slice(500));
    const more = submitted({ ...emptyPrompt(history), line: 'newest' });
    expect(more.history).toEqual([...history.slice(501), 'newest']);
  });

  it('is left where it was by an edit of what was recalled', () => {
    const prompt = recall(emptyPrompt(['one', 'two']), -1);
    const edited = insert(prompt, '!');
    expect(submitted(edited).history).toEqual(['one', 'two', 'two!']);
  });
});

describe('complete', () => {
  const completed = (line: string, cursor = line.length) => {
    const { prompt, choices } = complete(at(line, cursor), commandWords);
    return [prompt.line.slice(0, prompt.cursor), prompt.line.slice(prompt.cursor), choices];
  };

  it('goes as far as all that fit agree, and then lists them', () => {
    expect(completed('fl')).toEqual(['flush tally', '', []]);
    expect(completed('PR')).toEqual(['print ', '', []]);
    expect(completed('print ta')).toEqual([
      'print ta',
      '',
      ['print tables', 'print tally', 'print tally --force'],
    ]);
    expect(completed('  print   tall')).toEqual(['print tally', '', []]);
    expect(completed('print stats')).toEqual(['print stats', '', []]);
  });

  it('keeps what stands behind the cursor', () => {
    expect(completed('fl tally', 2)).toEqual(['flush tally', ' tally', []]);
  });

  it('knows every command there is, but for the one that stops without a question', () => {
    const all = commandTable.map(({ words }) => words).filter((words) => words !== 'stop --yes');
    expect(new Set(commandWords)).toEqual(new Set([...all, 'detach']));
  });

  it('never changes what cannot be completed, and never takes anything away', () => {
    const some = fc.oneof(
      fc.constantFrom('print', 'print t', 'stop', 'flush tally', 'x', 'detach now', ''),
      fc.string({ unit: 'grapheme', maxLength: 12 }),
    );
    fc.assert(
      fc.property(some, some, (before, after) => {
        const line = before + after;
        const prompt = at(line, before.length);
        const { prompt: next, choices } = complete(prompt, commandWords);
        const start = before.trimStart().replace(/\s+/g, ' ').toLowerCase();
        if (!commandWords.some((word) => word.startsWith(start))) {
          expect({ next, choices }).toEqual({ next: prompt, choices: [] });
        }
        expect(next.line.slice(next.cursor)).toBe(after);
        if (next !== prompt) {
          expect(next.line.slice(0, next.cursor).startsWith(start)).toBe(true);
          expect(next.cursor).toBeGreaterThan(start.length);
        }
      }),
    );
  });
});
