import { wordsOf } from '../fragment/commands.ts';
import type { OperatorSnapshot } from '../fragment/snapshot.ts';
import type { ControlAnswer, ControlRows, Notice } from '../transport/control-messages.ts';
import {
  alarmsAfterNotices,
  alarmsAfterSnapshot,
  alarmsWhenGone,
  alarmsWhenStopped,
  unseen,
} from './alarms.ts';
import { type Change, change, type Effect } from './effects.ts';
import { newestAt, remembered, unheard } from './heard-notices.ts';
import type { ConsoleState, Contact } from './state.ts';
import { append, clock, type Entry, type EntryKind } from './transcript.ts';

const rowsEveryMs = 1_000;

/** What a console hears of its server. */
export type ServerEvent =
  | { readonly kind: 'contact'; readonly contact: Contact }
  | { readonly kind: 'snapshot'; readonly snapshot: OperatorSnapshot }
  | {
      readonly kind: 'notices';
      readonly notices: readonly Notice[];
      /** What every console is told that begins to watch: some of it may be known here. */
      readonly isRetold: boolean;
    }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: ControlAnswer }
  | { readonly kind: 'rows'; readonly table: string; readonly rows: ControlRows };

export function hearServer(
  state: ConsoleState,
  event: ServerEvent,
  now: number,
): Change<ConsoleState> {
  switch (event.kind) {
    case 'contact':
      return hearContact(state, event.contact, now);
    case 'snapshot':
      return hearSnapshot(state, event.snapshot, now);
    case 'notices':
      return hearNotices(state, event.notices, event.isRetold);
    case 'answer':
      return hearAnswer(state, event.id, event.answer, now);
    case 'rows':
      return change(state.table === event.table ? { ...state, rows: event.rows } : state);
  }
}

export const entries = (kind: EntryKind, at: number, lines: readonly string[]): Entry[] =>
  lines.map((text) => ({ at, kind, text }));

export const say = (
  state: ConsoleState,
  kind: EntryKind,
  at: number,
  ...lines: readonly string[]
): ConsoleState => ({ ...state, transcript: append(state.transcript, entries(kind, at, lines)) });

function hearContact(state: ConsoleState, contact: Contact, now: number): Change<ConsoleState> {
  const { letter } = state;
  const next = { ...state, contact };
  switch (contact.kind) {
    case 'stopped': {
      const alarms = alarmsWhenStopped(state.alarms, now);
      return change(say({ ...next, alarms }, 'warning', now, `${capital(contact.reason)}.`));
    }
    case 'gone': {
      const text = `server ${letter} is GONE: ${contact.reason}`;
      const alarms = alarmsWhenGone(state.alarms, text, now);
      return ringing(state, say({ ...next, alarms }, 'alarm', now, text));
    }
    case 'refused':
      return change(
        say(next, 'warning', now, `not attached to server ${letter}: ${contact.reason}`),
      );
    case 'attached':
      return change(
        state.contact.kind === 'connecting'
          ? next
          : say(next, 'info', now, `attached to server ${letter}`),
        { kind: 'rows', letter, table: state.table },
      );
    default:
      return change(next);
  }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function hearSnapshot(
  state: ConsoleState,
  snapshot: OperatorSnapshot,
  now: number,
): Change<ConsoleState> {
  const alarms = alarmsAfterSnapshot(state.alarms, snapshot, state.snapshot, now);
  const next = ringing(state, { ...state, snapshot, snapshotAt: now, alarms });
  const { commits } = snapshot;
  if (Math.abs(now - state.rowsAskedAt) < rowsEveryMs || state.rowsCommit === commits) {
    return next;
  }
  const rows: Effect = { kind: 'rows', letter: state.letter, table: state.table };
  const asked = { ...next.state, rowsAskedAt: now, rowsCommit: commits };
  return change(asked, ...next.effects, rows);
}

/** With a bell where there are alarms that were not there before. */
function ringing(before: ConsoleState, after: ConsoleState): Change<ConsoleState> {
  const known = new Set(before.alarms.map(({ key }) => key));
  const isNew = unseen(after.alarms).some(({ key }) => !known.has(key));
  return isNew ? change(after, { kind: 'bell' }) : change(after);
}

function hearNotices(
  state: ConsoleState,
  notices: readonly Notice[],
  isRetold: boolean,
): Change<ConsoleState> {
  const { heard } = state;
  const fresh = isRetold ? unheard(heard, notices) : notices;
  const lines = fresh.map(({ at, level, text }): Entry => ({ at, kind: level, text }));
  const transcript = append(state.transcript, lines);
  // The newest is told again each time: if it is older than what was seen, the server's clock was set back.
  const isSetBack = isRetold && newestAt(notices) < state.seenAt;
  const seenAt = isSetBack ? 0 : state.seenAt;
  const unseenYet = isRetold ? fresh.filter(({ at }) => at > seenAt) : fresh;
  const alarms = alarmsAfterNotices(state.alarms, unseenYet);
  return ringing(state, {
    ...state,
    ...{ alarms, transcript, seenAt },
    heard: remembered(heard, fresh),
  });
}

function hearAnswer(
  state: ConsoleState,
  id: number,
  { lines, ok }: ControlAnswer,
  now: number,
): Change<ConsoleState> {
  const asked = state.asked.find((one) => one.id === id);
  const rest = state.asked.filter((one) => one.id !== id);
  const command = wordsOf(asked?.text ?? '');
  // Where other commands were given or answered meanwhile it has to be said whose answer this is.
  const isLate = asked !== undefined && state.lastCommand !== asked.id;
  const heading = isLate ? entries('info', now, [`${asked.text} (of ${clock(asked.at)}):`]) : [];
  const own = command === 'help' ? helpHere : [];
  const answer = entries(ok ? 'answer' : 'failure', now, [...lines, ...own]);
  const transcript = append(state.transcript, [...heading, ...answer]);
  const next = { ...state, asked: rest, transcript, lastCommand: 0 };
  if (ok && /^print tally( |$)/.test(command)) {
    const print = [...lines];
    return change({ ...next, print }, { kind: 'keep-print', letter: state.letter, lines: print });
  }
  return change(next);
}

/** What the server's own list cannot name. */
const helpHere: readonly string[] = [
  'detach               leave this console; the server runs on',
  'Keys: ? while nothing is typed.',
];
