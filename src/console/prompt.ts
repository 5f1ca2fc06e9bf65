/** What stands at a prompt. The input field shows it; what is more than a simple key is done here. */
export interface Prompt {
  readonly line: string;
  /** Characters of the line before the cursor. */
  readonly cursor: number;
  /** Counts the changes that the input field has not made itself: at each it starts over with the line. */
  readonly version: number;
  /** Earlier lines, the newest last. */
  readonly history: readonly string[];
  /** The place in the history that the line was taken from; null while it is a new one. */
  readonly recalled: number | null;
  /** The new line, while an earlier one is shown. */
  readonly draft: string;
}

/** Characters of a line; a command is far shorter. */
export const lineCharactersMax = 500;
const historyMax = 1_000;

export const emptyPrompt = (history: readonly string[] = []): Prompt => ({
  line: '',
  cursor: 0,
  version: 0,
  history: history.slice(-historyMax),
  recalled: null,
  draft: '',
});

/** The line after the input field has taken a key; the cursor went with what came or vanished before it. */
export function typed(prompt: Prompt, line: string): Prompt {
  const cursor = prompt.cursor + line.length - prompt.line.length;
  return { ...prompt, line, cursor: Math.min(line.length, Math.max(0, cursor)) };
}

export function replaceLine(prompt: Prompt, line: string, cursor: number = line.length): Prompt {
  return { ...prompt, line, cursor, version: prompt.version + 1 };
}

export const toStart = (prompt: Prompt): Prompt => replaceLine(prompt, prompt.line, 0);
export const toEnd = (prompt: Prompt): Prompt => replaceLine(prompt, prompt.line);
export const eraseAll = (prompt: Prompt): Prompt => ({
  ...replaceLine(prompt, ''),
  recalled: null,
  draft: '',
});

export const eraseBefore = (prompt: Prompt): Prompt =>
  replaceLine(prompt, prompt.line.slice(prompt.cursor), 0);

export function eraseWord(prompt: Prompt): Prompt {
  const before = prompt.line.slice(0, prompt.cursor);
  const kept = before.replace(/\S*\s*$/, '');
  return replaceLine(prompt, kept + prompt.line.slice(prompt.cursor), kept.length);
}

export function eraseNext(prompt: Prompt): Prompt {
  const { line, cursor } = prompt;
  const next = lengthOf(characters.segment(line.slice(cursor)), false);
  return replaceLine(prompt, line.slice(0, cursor) + line.slice(cursor + next), cursor);
}

/** Whether the line takes so much text more. */
export const hasRoomFor = ({ line }: Prompt, text: string): boolean =>
  line.length + text.length <= lineCharactersMax;

/** The text at the cursor, as many whole characters of it as there is room for. */
export function insert(prompt: Prompt, text: string): Prompt {
  const { line, cursor } = prompt;
  let inserted = text;
  if (!hasRoomFor(prompt, text)) {
    inserted = '';
    for (const { segment } of characters.segment(text)) {
      if (!hasRoomFor(prompt, inserted + segment)) {
        break;
      }
      inserted += segment;
    }
  }
  return replaceLine(
    prompt,
    line.slice(0, cursor) + inserted + line.slice(cursor),
    cursor + inserted.length,
  );
}

const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const lengthOf = (segments: Intl.Segments, last: boolean): number =>
  (last ? [...segments].at(-1) : [...segments][0])?.segment.length ?? 0;

/** A simple key beside a character that is more than one unit of text, which the input field would tear in two. */
export function editWhole(
  prompt: Prompt,
  { name, text }: { readonly name: string; readonly text: string },
): Prompt {
  const { line, cursor } = prompt;
  const before = lengthOf(characters.segment(line.slice(0, cursor)), true);
  switch (name) {
    case 'backspace':
      return replaceLine(
        prompt,
        line.slice(0, cursor - before) + line.slice(cursor),
        cursor - before,
      );
    case 'left':
      return replaceLine(prompt, line, cursor - before);
    case 'right':
      return replaceLine(
        prompt,
        line,
        cursor + lengthOf(characters.segment(line.slice(cursor)), false),
      );
    default:
      return text === '' ? prompt : insert(prompt, text);
  }
}

/** An earlier line (-1) or a later one (1); after the last comes the new line again. */
export function recall(prompt: Prompt, by: -1 | 1): Prompt {
  const { history, recalled, line, draft } = prompt;
  const place = (recalled ?? history.length) + by;
  if (place < 0 || place > history.length) {
    return prompt;
  }
  const kept = recalled === null ? line : draft;
  return place === history.length
    ? { ...replaceLine(prompt, kept), recalled: null, draft: '' }
    : { ...replaceLine(prompt, history[place] ?? ''), recalled: place, draft: kept };
}

/** The line is run: it joins the history, unless it is empty or the newest there already. */
export function submitted(prompt: Prompt): Prompt {
  const line = prompt.line.trim();
  const isNew = line !== '' && prompt.history.at(-1) !== line;
  const history = isNew ? [...prompt.history, line].slice(-historyMax) : prompt.history;
  return { ...eraseAll(prompt), history };
}

export interface Completion {
  readonly prompt: Prompt;
  /** All that fit, where the line could not be made any longer. */
  readonly choices: readonly string[];
}

/** Completes what stands before the cursor, as far as all words that fit agree. */
export function complete(prompt: Prompt, words: readonly string[]): Completion {
  const before = prompt.line.slice(0, prompt.cursor).trimStart().replace(/\s+/g, ' ');
  const fitting = [...new Set(words)].filter((word) => word.startsWith(before.toLowerCase()));
  const [first] = fitting;
  if (first === undefined) {
    return { prompt, choices: [] };
  }
  const common = fitting.reduce((shared, word) => commonStart(shared, word), first);
  if (common.length > before.length) {
    const rest = prompt.line.slice(prompt.cursor);
    return { prompt: replaceLine(prompt, common + rest, common.length), choices: [] };
  }
  return { prompt, choices: fitting.length > 1 ? fitting : [] };
}

function commonStart(one: string, other: string): string {
  let length = 0;
  while (length < one.length && one[length] === other[length]) {
    length += 1;
  }
  return one.slice(0, length);
}
