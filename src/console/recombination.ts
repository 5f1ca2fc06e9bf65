import type { Result } from '../base/result.ts';
import type { KeyEvent } from './key-events.ts';

/** What one server printed. */
export interface SlotContent {
  readonly lists: readonly {
    /** Null in an election with one option. */
    readonly option: string | null;
    readonly list: readonly number[];
  }[];
  /** Null where it was not copied. */
  readonly votes: number | null;
  readonly pool: number | null;
}

export interface Recombined {
  readonly votes: number | null;
  readonly options: readonly { readonly option: string | null; readonly tally: number }[];
}

export type Slot =
  | { readonly kind: 'empty' }
  /** Not reached yet; the reason is that of the last try. */
  | { readonly kind: 'dialing'; readonly reason: string }
  | { readonly kind: 'connected' }
  | { readonly kind: 'refused'; readonly reason: string }
  | {
      readonly kind: 'filled';
      readonly content: SlotContent;
      /** Why it does not fit to the others; null where it does. */
      readonly fault: string | null;
      /** Counts the lists as they come: what came later has to fit to what came before. */
      readonly entered: number;
    };

export type Slots = readonly [Slot, Slot, Slot];

export interface Check {
  readonly text: string;
  readonly state: 'waiting' | 'good' | 'bad';
}

/** What a text of lists says. */
export interface Reading {
  readonly tallies: readonly SlotContent[];
  readonly fault: string | null;
  /** Its last list goes on in another line. */
  readonly unfinished: boolean;
}

/** How lists are read and checked, which a console knows nothing of. */
export interface ListRules {
  read(text: string): Reading;
  /** Why the last of these does not fit to those before it, which fit together; null where it does. */
  fault(contents: readonly SlotContent[]): string | null;
  recombine(contents: readonly SlotContent[]): Result<Recombined>;
}

/** A recombination of three lists: of pasted ones, or of what the servers answer. */
export interface RecombinationState {
  readonly mode: 'paste' | 'ask';
  readonly title: string;
  readonly slots: Slots;
  readonly selected: number | null;
  /** What is typed and not entered yet. */
  readonly line: string;
  /** Digits that selected slots and may yet turn out to begin a list, and what was selected before them. */
  readonly digits: { readonly text: string; readonly selected: number | null } | null;
  readonly typed: Typed;
  readonly entered: number;
  /** What came of the last key or paste, where something is to be said of it. */
  readonly message: string;
  readonly checks: readonly Check[];
  readonly result: Recombined | null;
  /** Why three good lists, or three answers, come to no result. */
  readonly problem: string;
  readonly leaving: 'no' | 'done' | 'interrupted';
}

/** Typed lines in a row belong together: a print may come as single keys, and its pool stands after its list. */
interface Typed {
  readonly lines: readonly string[];
  /** Where the lists in them went. A later one may have taken an earlier one's place. */
  readonly slots: readonly number[];
}

export type RecombinationEvent =
  | KeyEvent
  /** What the servers said, and what came of it. */
  | ({ readonly kind: 'told' } & Pick<
      RecombinationState,
      'slots' | 'checks' | 'result' | 'problem'
    >);

const emptySlot: Slot = { kind: 'empty' };
const dialedSlot: Slot = { kind: 'dialing', reason: '' };
const nothingTyped: Typed = { lines: [], slots: [] };
const lineCharactersMax = 1_000;

export function beginRecombination(
  mode: RecombinationState['mode'],
  title: string,
): RecombinationState {
  const slot = mode === 'paste' ? emptySlot : dialedSlot;
  return {
    ...{ mode, title, slots: [slot, slot, slot], selected: null, line: '', digits: null },
    ...{ typed: nothingTyped, entered: 0, message: '', checks: [], result: null, problem: '' },
    leaving: 'no',
  };
}

/** The lists that are in slots. */
export const contentsOf = ({ slots }: Pick<RecombinationState, 'slots'>): SlotContent[] =>
  slots.flatMap((slot) => (slot.kind === 'filled' ? [slot.content] : []));

export function recombination(
  state: RecombinationState,
  event: RecombinationEvent,
  rules: ListRules,
): RecombinationState {
  if (event.kind === 'told') {
    const { slots, checks, result, problem } = event;
    return { ...state, slots, checks, result, problem };
  }
  if (event.kind === 'key' && event.ctrl && event.name === 'c') {
    return { ...state, leaving: isOver(state) ? 'done' : 'interrupted' };
  }
  if (state.mode === 'ask') {
    return event.kind === 'key' ? keyWhileAsking(state, event) : state;
  }
  return event.kind === 'paste' ? pasted(state, event.text, rules) : key(state, event, rules);
}

/** Three lists that come to no result can still be mended, what the servers said cannot. */
const isOver = ({ mode, result, problem }: RecombinationState): boolean =>
  result !== null || (mode === 'ask' && problem !== '');

type Key = Extract<KeyEvent, { kind: 'key' }>;

/** Nothing is to be typed: any key ends what is over, and Esc and q what is not. */
function keyWhileAsking(state: RecombinationState, { name }: Key): RecombinationState {
  if (isOver(state)) {
    return { ...state, leaving: 'done' };
  }
  return name === 'escape' || name === 'q' ? { ...state, leaving: 'interrupted' } : state;
}

function key(before: RecombinationState, event: Key, rules: ListRules): RecombinationState {
  const state = { ...before, message: '', digits: null };
  switch (event.name) {
    case 'return':
      return state.line.trim() === '' ? finish(state) : submit(state, rules);
    case 'escape':
      return state.line === '' ? { ...state, leaving: 'done' } : { ...state, line: '' };
    case 'backspace':
      return state.line === '' ? clear(state, rules) : withoutLast(state);
    case 'up':
      return select(state, ((state.selected ?? 3) + 2) % 3);
    case 'down':
      return select(state, ((state.selected ?? 2) + 1) % 3);
    default:
      return event.text === '' ? control(state, event) : character(before, event.text, rules);
  }
}

const control = (state: RecombinationState, { name, ctrl }: Key): RecombinationState =>
  ctrl && name === 'u' ? { ...state, line: '' } : state;

const withoutLast = (state: RecombinationState): RecombinationState => ({
  ...state,
  line: [...state.line].slice(0, -1).join(''),
});

/** On an empty line some characters are keys. Digits are both, and what follows tells. */
function character(before: RecombinationState, text: string, rules: ListRules): RecombinationState {
  const { digits, line } = before;
  const state = { ...before, message: '', digits: null };
  if (line !== '') {
    return { ...state, line: (line + text).slice(0, lineCharactersMax) };
  }
  if (/^[123]$/.test(text)) {
    // No number of a list has more than two digits.
    const kept = ((digits?.text ?? '') + text).slice(-2);
    const selected = digits === null ? before.selected : digits.selected;
    return { ...select(state, Number(text) - 1), digits: { text: kept, selected } };
  }
  if (digits !== null && /^[\d,.: ]$/.test(text)) {
    return { ...state, selected: digits.selected, line: digits.text + text };
  }
  switch (text) {
    case 'x':
      return clear(state, rules);
    case 'q':
      return { ...state, leaving: 'done' };
    case ' ':
      return state;
    default:
      return { ...state, line: text };
  }
}

const select = (state: RecombinationState, slot: number): RecombinationState => ({
  ...state,
  selected: slot,
  typed: nothingTyped,
});

function finish(state: RecombinationState): RecombinationState {
  if (state.result !== null) {
    return { ...state, leaving: 'done' };
  }
  const missing = state.slots.filter(isFree).length;
  const lists = missing === 1 ? 'One list is' : `${missing} lists are`;
  return {
    ...state,
    message:
      missing === 0 ? state.problem : `There is no result yet: ${lists} missing. Esc leaves.`,
  };
}

/** Empties the selected slot, or the one that was filled last. */
function clear(state: RecombinationState, rules: ListRules): RecombinationState {
  const entered = state.slots.map((slot) => (slot.kind === 'filled' ? slot.entered : 0));
  const last = Math.max(...entered);
  const index = state.selected ?? (last === 0 ? null : entered.indexOf(last));
  if (index === null || entered[index] === 0) {
    return { ...state, message: 'There is nothing to clear.' };
  }
  const slots = withSlot(state.slots, index, emptySlot);
  return checked({ ...state, slots, typed: nothingTyped }, rules);
}

function pasted(before: RecombinationState, text: string, rules: ListRules): RecombinationState {
  const state = { ...before, message: '', digits: null, line: '', typed: nothingTyped };
  const reading = rules.read(before.line + text);
  const { tallies, fault, unfinished } = reading;
  if (fault !== null || unfinished) {
    return { ...state, message: fault ?? 'A list has no end: ] is missing.' };
  }
  if (tallies.length === 0) {
    return { ...state, message: 'There is no list in what was pasted.' };
  }
  const targets = targetsIn(state);
  return tallies.length > targets.length
    ? { ...state, message: tooMany(tallies.length, targets.length) }
    : checked(filledWith(state, tallies, targets), rules);
}

/** A typed line: read together with those before it, as if they had come in one paste. */
function submit(before: RecombinationState, rules: ListRules): RecombinationState {
  const { typed } = before;
  const state = { ...before, line: '' };
  const lines = [...typed.lines, before.line];
  const { tallies, fault } = rules.read(lines.join('\n'));
  if (fault !== null) {
    return { ...state, message: fault };
  }
  const fresh = tallies.slice(typed.slots.length);
  const targets = targetsIn(state).slice(0, fresh.length);
  if (fresh.length > targets.length) {
    return { ...state, message: tooMany(fresh.length, targets.length) };
  }
  const slots = [...typed.slots, ...targets];
  const next = filledWith(state, tallies, slots);
  const message = tallies.length === 0 ? 'There is no list in it yet.' : '';
  return checked({ ...next, typed: { lines, slots }, message }, rules);
}

const tooMany = (lists: number, free: number): string =>
  free === 0
    ? 'All three slots are filled: 1 to 3 selects one, x clears it.'
    : `There are ${lists} lists in it, and room for ${free}: nothing was taken. x clears a slot.`;

/** A bad list gives way to the next one. */
const isFree = (slot: Slot): boolean => slot.kind !== 'filled' || slot.fault !== null;

/** Where the next lists go: into the selected slot, whatever is in it, and then into free ones. */
function targetsIn({ slots, selected }: RecombinationState): number[] {
  const free = [0, 1, 2].filter(
    (index) => index !== selected && slots.slice(index, index + 1).some(isFree),
  );
  return selected === null ? free : [selected, ...free];
}

function filledWith(
  state: RecombinationState,
  contents: readonly SlotContent[],
  targets: readonly number[],
): RecombinationState {
  let { slots, entered } = state;
  for (const [i, content] of contents.entries()) {
    const index = targets[i] ?? 0;
    entered += 1;
    slots = withSlot(slots, index, { kind: 'filled', content, fault: null, entered });
  }
  return { ...state, slots, entered, selected: contents.length === 0 ? state.selected : null };
}

function withSlot([a, b, c]: Slots, index: number, slot: Slot): Slots {
  return [index === 0 ? slot : a, index === 1 ? slot : b, index === 2 ? slot : c];
}

/** Says of each list whether it fits to those that came before it, and recombines three that do. */
function checked(state: RecombinationState, rules: ListRules): RecombinationState {
  const good: SlotContent[] = [];
  const faults = new Map<number, string | null>();
  const filled = state.slots.filter((slot) => slot.kind === 'filled');
  for (const { content, entered } of filled.toSorted((one, other) => one.entered - other.entered)) {
    const fault = rules.fault([...good, content]);
    faults.set(entered, fault);
    if (fault === null) {
      good.push(content);
    }
  }
  const judged = (slot: Slot): Slot =>
    slot.kind === 'filled' ? { ...slot, fault: faults.get(slot.entered) ?? null } : slot;
  const [a, b, c] = state.slots;
  const slots: Slots = [judged(a), judged(b), judged(c)];
  const result = good.length === 3 ? rules.recombine(contentsOf({ slots })) : null;
  return {
    ...state,
    slots,
    result: result?.ok === true ? result.value : null,
    problem: result?.ok === false ? result.reason : '',
  };
}
