import type { OperatorSnapshot } from '../fragment/snapshot.ts';
import type { ControlRows, Notice } from '../transport/control-messages.ts';
import type { Alarm } from './alarms.ts';
import type { PaneName } from './layout.ts';
import { emptyPrompt, type Prompt } from './prompt.ts';
import { emptyTranscript, type Transcript } from './transcript.ts';

export type ServerLetter = 'a' | 'b' | 'c';

/** How the console stands to its server. */
export type Contact =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'attached' }
  /** It does not run, as far as this console has ever known. */
  | { readonly kind: 'absent' }
  /** It runs, and will not talk to this console; or this console cannot reach it. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It said goodbye. */
  | { readonly kind: 'stopped'; readonly reason: string }
  /** It vanished. */
  | { readonly kind: 'gone'; readonly reason: string };

/** A pane that only shows: how far it is scrolled, and which of its lines. */
export interface PaneView {
  readonly scroll: number;
  readonly filter: string;
}

/** One server's console. */
export interface ConsoleState {
  readonly letter: ServerLetter;
  readonly contact: Contact;
  /** The newest; it stays when contact is lost. */
  readonly snapshot: OperatorSnapshot | null;
  /** When it came, in milliseconds since 1970. */
  readonly snapshotAt: number;
  readonly alarms: readonly Alarm[];
  /** Alarm notices up to this time were seen, in this console or an earlier one; by the server's clock, as notices are. */
  readonly seenAt: number;
  /** Notices, as far as the server may tell of them again after a new contact; the newest last. */
  readonly heard: readonly Notice[];
  readonly views: Readonly<Record<PaneName, PaneView>>;
  /** The table whose rows are shown, and its newest rows. */
  readonly table: string;
  readonly rows: ControlRows | null;
  readonly rowsAskedAt: number;
  /** The commit up to which rows have been asked for. */
  readonly rowsCommit: number;
  readonly transcript: Transcript;
  readonly prompt: Prompt;
  /** Commands whose answers have not come, oldest first. */
  readonly asked: readonly Asked[];
  /** The id of the command that was typed last, while its answer would stand right below it; else 0. */
  readonly lastCommand: number;
  /** The last `print tally`, for the clipboard. */
  readonly print: readonly string[];
}

export interface Asked {
  readonly id: number;
  readonly at: number;
  readonly text: string;
}

/** What lies over the picture, or beside it, and has the keyboard. */
export type Overlay =
  | { readonly kind: 'none' }
  | { readonly kind: 'help'; readonly scroll: number }
  /** The question before a stop: the server's letter is to be typed. */
  | { readonly kind: 'stop'; readonly typed: string }
  /** The question before leaving where leaving ends more than the console. */
  | { readonly kind: 'leave' }
  | { readonly kind: 'filter'; readonly prompt: Prompt };

/** The walk-through that types into the consoles. */
export interface ScriptState {
  readonly lines: readonly ScriptLine[];
  readonly step: number;
  readonly steps: number;
  readonly status: 'playing' | 'paused' | 'done' | 'failed' | 'ended';
}

export interface ScriptLine {
  readonly kind: 'say' | 'command' | 'output';
  readonly text: string;
}

/** Everything that the screen shows of one console, or of three. */
export interface WallState {
  readonly consoles: readonly ConsoleState[];
  readonly active: number;
  /** The pane that the numbers and Tab chose, also while the prompt has the keyboard; of all consoles the same. */
  readonly focus: PaneName;
  readonly zoom: boolean;
  readonly atPrompt: boolean;
  readonly columns: number;
  readonly rows: number;
  readonly overlay: Overlay;
  /** The picture is held still. */
  readonly frozen: boolean;
  /** A word on the last key, in place of the footer for a moment. */
  readonly toast: { readonly text: string; readonly until: number } | null;
  /** When Ctrl-C was last pressed without anything to clear. */
  readonly interruptedAt: number;
  readonly script: ScriptState | null;
  /** Leaving ends more than the console, which the question says; empty where it does not. */
  readonly leaving: string;
  readonly nextId: number;
}

const paneView: PaneView = { scroll: 0, filter: '' };

export const newConsole = (
  letter: ServerLetter,
  history: readonly string[],
  seenAt: number,
): ConsoleState => ({
  letter,
  contact: { kind: 'connecting' },
  snapshot: null,
  snapshotAt: 0,
  alarms: [],
  seenAt,
  heard: [],
  views: { peers: paneView, scheduler: paneView, tables: paneView, commands: paneView },
  table: 'pool',
  rows: null,
  rowsAskedAt: 0,
  rowsCommit: -1,
  transcript: emptyTranscript,
  prompt: emptyPrompt(history),
  asked: [],
  lastCommand: 0,
  print: [],
});

export interface WallSetting {
  readonly columns: number;
  readonly rows: number;
  readonly leaving?: string;
  readonly script?: ScriptState;
}

export const newWall = (
  consoles: readonly ConsoleState[],
  { columns, rows, leaving = '', script }: WallSetting,
): WallState => ({
  consoles,
  active: 0,
  focus: 'scheduler',
  zoom: false,
  atPrompt: true,
  columns,
  rows,
  overlay: { kind: 'none' },
  frozen: false,
  toast: null,
  interruptedAt: 0,
  script: script ?? null,
  leaving,
  nextId: 1,
});
