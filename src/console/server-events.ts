import type { OperatorSnapshot } from '../fragment/snapshot.ts';
import type { ControlAnswer, ControlRows, Notice } from '../transport/control-messages.ts';
import { alarmsAfterNotices, alarmsAfterSnapshot, alarmsWhenGone, unseen } from './alarms.ts';
import { type Change, change, type Effect } from './effects.ts';
import type { ConsoleState, Contact } from './state.ts';
import { append, clock, type Entry, type EntryKind } from './transcript.ts';

const rowsEveryMs = 1_000;

/** What a console hears of its server. */
export type ServerEvent =
  | { readonly kind: 'contact'; readonly contact: Contact }
  | { readonly kind: 'snapshot'; readonly snapshot: OperatorSnapshot }
  | { readonly kind: 'notices'; readonly notices: readonly Notice[] }
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
      return hearNotices(state, event.notices);
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
    case 'stopped':
      return change(say({ ...next, alarms: [] }, 'warning', now, `${capital(contact.reason)}.`));
    case 'gone': {
      const text = `server ${letter} is GONE: ${contact.reason}`;
      const alarms = alarmsWhenGone(state.alarms, text, now);
      return ringing(state, say({ ...next, alarms }, 'alarm', now, text));
    }
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
  if (now - state.rowsAskedAt < rowsEveryMs || !hasNewRows(state, snapshot)) {
    return next;
  }
  const rows: Effect = { kind: 'rows', letter: state.letter, table: state.table };
  return change({ ...next.state, rowsAskedAt: now }, ...next.effects, rows);
}

function hasNewRows(
  { snapshot: before, table }: ConsoleState,
  snapshot: OperatorSnapshot,
): boolean {
  const rowsIn = (one: OperatorSnapshot | null) =>
    one?.tables.find(({ name }) => name === table)?.rows;
  return before?.commits !== snapshot.commits || rowsIn(before) !== rowsIn(snapshot);
}

/** With a bell where there are alarms that were not there before. */
function ringing(before: ConsoleState, after: ConsoleState): Change<ConsoleState> {
  const known = new Set(before.alarms.map(({ key }) => key));
  const isNew = unseen(after.alarms).some(({ key }) => !known.has(key));
  return isNew ? change(after, { kind: 'bell' }) : change(after);
}

function hearNotices(state: ConsoleState, notices: readonly Notice[]): Change<ConsoleState> {
  const { noticedAt } = state;
  const fresh = notices.filter(
    ({ at, text }) => at > noticedAt || (at === noticedAt && !isSaid(state, at, text)),
  );
  const lines = fresh.map(({ at, level, text }): Entry => ({ at, kind: level, text }));
  const newest = Math.max(noticedAt, ...fresh.map(({ at }) => at));
  const alarms = alarmsAfterNotices(state.alarms, fresh, state.seenAt);
  const transcript = append(state.transcript, lines);
  return ringing(state, { ...state, alarms, transcript, noticedAt: newest });
}

const isSaid = ({ transcript }: ConsoleState, at: number, text: string): boolean =>
  transcript.entries.some((entry) => entry.at === at && entry.text === text);

function hearAnswer(
  state: ConsoleState,
  id: number,
  { lines, ok }: ControlAnswer,
  now: number,
): Change<ConsoleState> {
  const asked = state.asked.find((one) => one.id === id);
  const rest = state.asked.filter((one) => one.id !== id);
  // Where other commands were given meanwhile it has to be said whose answer this is.
  const isLate = asked !== undefined && state.lastCommand !== asked.id;
  const heading = isLate ? entries('info', now, [`${asked.text} (of ${clock(asked.at)}):`]) : [];
  const answer = entries(ok ? 'answer' : 'failure', now, lines);
  const transcript = append(state.transcript, [...heading, ...answer]);
  const next = { ...state, asked: rest, transcript };
  if (ok && asked !== undefined && /^print tally\b/.test(asked.text)) {
    const print = [...lines];
    return change({ ...next, print }, { kind: 'keep-print', letter: state.letter, lines: print });
  }
  return change(next);
}
