import type { OperatorSnapshot } from '../fragment/snapshot.ts';
import type { Glyphs } from './glyphs.ts';
import type { PaneName } from './layout.ts';
import { type Line, span } from './line.ts';
import type { PaneContent } from './pane.ts';
import { presentPeers } from './present-peers.ts';
import { presentScheduler } from './present-scheduler.ts';
import { presentTables } from './present-tables.ts';
import type { ConsoleState } from './state.ts';
import { clock, filtered, newEntries } from './transcript.ts';

export interface ContentOptions {
  /** Of the pane, with its borders. */
  readonly columns: number;
  readonly glyphs: Glyphs;
  readonly now: number;
}

type ShowingPane = Exclude<PaneName, 'commands'>;

const titles: Readonly<Record<ShowingPane, string>> = {
  peers: 'Peers',
  scheduler: 'Scheduler',
  tables: 'Share tables',
};

/** What one of the three panes shows that only show. */
export function paneContent(
  state: ConsoleState,
  pane: ShowingPane,
  options: ContentOptions,
): PaneContent {
  const { snapshot, snapshotAt } = state;
  if (snapshot === null) {
    return { title: titles[pane], counters: [], lines: [[span(absence(state), 'dim')]] };
  }
  if (isLive(state, options.now)) {
    return present(state, snapshot, pane, options, ageOf(state, options.now));
  }
  const last = present(state, snapshot, pane, options, 0);
  return {
    title: last.title,
    counters: [[span(`as of ${clock(snapshotAt)}`, 'warn')]],
    lines: last.lines.map(dimmed),
  };
}

/** Watched, a server says something every second. */
const staleMs = 3_000;

/** Since the newest snapshot came; nothing where the clock was set back meanwhile. */
export const ageOf = ({ snapshotAt }: ConsoleState, now: number): number =>
  Math.max(0, now - snapshotAt);

/** Whether what is shown is so now. A server that stands still keeps its connection, and says nothing. */
export const isLive = ({ contact, snapshot, snapshotAt }: ConsoleState, now: number): boolean =>
  contact.kind === 'attached' && snapshot !== null && Math.abs(now - snapshotAt) <= staleMs;

/** What was true once does not look as if it were so now. */
const dimmed = (line: Line): Line => line.map(({ text }) => span(text, 'dim'));

export function absence({ letter, contact }: ConsoleState): string {
  switch (contact.kind) {
    case 'connecting':
    case 'attached':
      return `waiting for server ${letter}`;
    case 'absent':
      return `server ${letter} does not run`;
    case 'stopped':
    case 'gone':
    case 'refused':
      return contact.reason;
  }
}

function present(
  { table, rows }: ConsoleState,
  snapshot: OperatorSnapshot,
  pane: ShowingPane,
  { columns, glyphs }: ContentOptions,
  ageMs: number,
): PaneContent {
  const options = { columns, glyphs, ageMs };
  switch (pane) {
    case 'peers':
      return presentPeers(snapshot, options);
    case 'scheduler':
      return presentScheduler(snapshot, options);
    case 'tables':
      return presentTables(snapshot, { ...options, selected: table, newest: rows });
  }
}

/** The title and counters of the Commands pane; its lines depend on how many of them fit. */
export function commandCounters({ transcript, views, asked }: ConsoleState): readonly Line[] {
  const fresh = newEntries(filtered(transcript, views.commands.filter));
  const place =
    transcript.place === null
      ? span('tail', 'dim')
      : span(fresh > 0 ? `scrolled, +${fresh} new` : 'scrolled', 'warn');
  const waiting = asked.length > 0 ? [[span(`${asked.length} under way`, 'accent')]] : [];
  return [...waiting, [place]];
}
