import { duration } from '../fragment/present.ts';
import { boxLines, filled, isTiny, type Size, spread } from './client-frame.ts';
import { flow, padEnd, padStart } from './flow.ts';
import { contentColumns } from './frame.ts';
import type { Glyphs } from './glyphs.ts';
import { type Line, lineWidth, type Span, shortened, span, type Tone, wrap } from './line.ts';
import { count } from './numbers.ts';
import { speedOf, type VotingServer, type VotingState } from './voting.ts';

/** From here on servers and notices are framed and reasons are told whole. */
const framedRows = 20;
/** Columns of a server's own progress bar, and from which width on there is one. */
const smallBar = { columns: 20, from: 76 };

/** The picture of a bulk voting: exactly as many lines as the screen has rows, none wider than its columns. */
export function presentVoting(state: VotingState, size: Size, glyphs: Glyphs, now: number): Line[] {
  if (isTiny(size)) {
    return filled([tinyLine(state)], size);
  }
  const framed = size.rows >= framedRows ? framedPicture(state, size, glyphs, now) : null;
  return filled(framed ?? closePicture(state, size, glyphs, now), size);
}

/** With frames, empty lines and whole reasons; null where they leave no room for the foot. */
function framedPicture(state: VotingState, size: Size, glyphs: Glyphs, now: number): Line[] | null {
  const { columns, rows } = size;
  const top = [
    headerLine(state, columns, now),
    [],
    barLine(state, columns, glyphs),
    [],
    ...numberLines(state, columns),
    [],
    ...framedServers(state, columns, glyphs),
  ];
  const foot = footLines(state, columns);
  const room = rows - top.length - foot.length;
  return room < 0
    ? null
    : [...top, ...atTop(framedNotices(state, columns, room, glyphs), room), ...foot];
}

/** Nothing but the lines that count. */
function closePicture(state: VotingState, size: Size, glyphs: Glyphs, now: number): Line[] {
  const { columns, rows } = size;
  const top = [
    headerLine(state, columns, now),
    barLine(state, columns, glyphs),
    ...numberLines(state, columns),
    ...plainServers(state, columns, glyphs),
  ];
  const foot = footLines(state, columns).slice(0, rows - top.length);
  const room = rows - top.length - foot.length;
  return [...top, ...atTop(noticeLines(state, columns).slice(-Math.max(1, room)), room), ...foot];
}

/** The lines, filled with empty ones. */
const atTop = (lines: readonly Line[], rows: number): Line[] =>
  Array.from({ length: rows }, (_, row) => lines[row] ?? []);

const phaseWords = {
  connecting: 'Connecting',
  casting: 'Casting',
  sealing: 'Waiting for sealing',
} as const;

const phaseOf = ({ snapshot, stopping }: VotingState): string =>
  stopping ? 'Stopping' : phaseWords[snapshot.phase];

const phaseTone = ({ stopping }: VotingState): Tone => (stopping ? 'warn' : 'selected');

const shareOf = (part: number, total: number): number =>
  total === 0 ? 0 : Math.min(1, Math.max(0, part / total));

/** Never 100% before the last ballot. */
const percent = (part: number, total: number): string =>
  `${Math.floor(100 * shareOf(part, total))}%`;

function headerLine(state: VotingState, columns: number, now: number): Line {
  const elapsed = span(duration(Math.max(0, now - state.begunAt)), 'dim');
  const title = [span(` ${phaseOf(state)} `, phaseTone(state)), span(` ${state.title}`, 'strong')];
  return spread(title, [elapsed], columns);
}

function barLine(
  { snapshot: { cast, total } }: VotingState,
  columns: number,
  glyphs: Glyphs,
): Line {
  const share = padStart(percent(cast, total), 5);
  return [...bar(cast, total, columns - share.length, glyphs), span(share, 'strong')];
}

function bar(part: number, total: number, columns: number, glyphs: Glyphs): Span[] {
  const done = Math.floor(columns * shareOf(part, total));
  return [
    span(glyphs.full.repeat(done), 'good'),
    span(glyphs.empty.repeat(Math.max(0, columns - done)), 'dim'),
  ];
}

function numberLines(state: VotingState, columns: number): Line[] {
  const { cast, total, waiting, refused, duplicates } = state.snapshot;
  const { recent, average } = speedOf(state);
  const rate = (value: number | null) => (value === null ? '-' : count(Math.round(value)));
  return [
    labelled('Cast', [
      [span(`${count(cast)} of ${count(total)} ballots`, 'strong')],
      ...(waiting > 0 ? [[span(`${count(waiting)} on their way`, 'dim')]] : []),
    ]),
    labelled('Ballots/s', [[span(rate(recent), 'strong')], [span(`on average ${rate(average)}`)]]),
    labelled('Time left', [[span(timeLeft(state))]]),
    labelled('Refused', [
      [span(count(refused), refused > 0 ? 'bad' : 'plain')],
      [span('duplicates ', 'dim'), span(count(duplicates), duplicates > 0 ? 'warn' : 'plain')],
    ]),
  ].map((parts) => flow(parts, columns)[0] ?? []);
}

const labelColumns = 10;

const labelled = (label: string, [first, ...others]: readonly Line[]): Line[] => [
  [span(padEnd(label, labelColumns), 'dim'), ...(first ?? [])],
  ...others,
];

function timeLeft(state: VotingState): string {
  const { leftMs } = speedOf(state);
  const { phase, cast, total } = state.snapshot;
  if (leftMs !== null) {
    const seconds = Math.ceil(leftMs / 1_000);
    return seconds < 100 ? `${seconds} s` : duration(1_000 * seconds);
  }
  return phase === 'sealing' && cast === total ? 'all cast' : '-';
}

const stateWords: Readonly<Record<VotingServer['state'], readonly [string, Tone]>> = {
  up: ['up', 'good'],
  dialing: ['dialing', 'warn'],
  down: ['DOWN', 'bad'],
  unusable: ['REFUSES', 'bad'],
};

const stateColumns = 8;

/** `● a up      434 176 acknowledged`, and the reason where it is not up. */
function serverLine(
  server: VotingServer,
  { snapshot }: VotingState,
  columns: number,
  glyphs: Glyphs,
): Line {
  const [word, tone] = stateWords[server.state];
  const digits = count(snapshot.total).length;
  return [
    span(`${server.state === 'up' ? glyphs.up : glyphs.down} ${server.name} `, tone),
    span(padEnd(word, stateColumns), tone),
    span(`${padStart(count(server.acknowledged), digits)} acknowledged`),
    ...(columns < smallBar.from
      ? []
      : [
          span('  '),
          ...bar(server.acknowledged, snapshot.total, smallBar.columns, glyphs),
          span(padStart(percent(server.acknowledged, snapshot.total), 5), 'dim'),
        ]),
  ];
}

function plainServers(state: VotingState, columns: number, glyphs: Glyphs): Line[] {
  return state.snapshot.servers.map((server) => {
    const line = serverLine(server, state, columns, glyphs);
    const reason = shortened(server.reason, columns - lineWidth(line) - 2, glyphs);
    return reason === '' ? line : [...line, span('  '), span(reason, 'dim')];
  });
}

function framedServers(state: VotingState, columns: number, glyphs: Glyphs): Line[] {
  const { servers } = state.snapshot;
  const inside = contentColumns(columns);
  const body = servers.flatMap((server) => [
    serverLine(server, state, inside, glyphs),
    ...(server.reason === '' ? [] : wrap(server.reason, inside - 4)).map(
      (text): Line => [span('    '), span(text, 'dim')],
    ),
  ]);
  const up = servers.filter(({ state: one }) => one === 'up').length;
  const note = span(`${up}/${servers.length} up`, up < servers.length ? 'warn' : 'good');
  return boxLines(
    { title: span('Fragment servers', 'strong'), note: [note], body },
    columns,
    glyphs,
  );
}

/** The newest, whole as far as there is room. */
function noticeLines({ notices }: VotingState, columns: number): Line[] {
  return notices.flatMap((notice) =>
    wrap(notice, columns).map((text): Line => [span(text, 'warn')]),
  );
}

function framedNotices(state: VotingState, columns: number, rows: number, glyphs: Glyphs): Line[] {
  const lines = noticeLines(state, contentColumns(columns));
  if (lines.length === 0 || rows < 3) {
    return [];
  }
  const body = lines.slice(-(rows - 2));
  return boxLines({ title: span('Notices', 'strong'), note: [], body }, columns, glyphs);
}

/** How to stop, or that it stops; and how to go on then. */
function footLines({ stopping, resume }: VotingState, columns: number): Line[] {
  if (!stopping) {
    return [[span('Ctrl-C', 'accent'), span(' stops cleanly; --resume goes on later', 'dim')]];
  }
  const lines = [
    ...wrap('Stopping. Ctrl-C again ends at once.', columns),
    ...wrap(`To go on: ${resume}`, columns),
  ];
  return lines.map((text) => [span(text, 'warn')]);
}

function tinyLine(state: VotingState): Line {
  const { cast, total } = state.snapshot;
  return [
    span(`${phaseOf(state)} `, state.stopping ? 'warn' : 'strong'),
    span(`${percent(cast, total)}  ${count(cast)} of ${count(total)}`),
  ];
}
