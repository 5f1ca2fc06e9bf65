import { duration, size } from '../fragment/present.ts';
import type { LinkSnapshot, OperatorSnapshot, PeerSnapshot } from '../fragment/snapshot.ts';
import { flow, padStart } from './flow.ts';
import type { Glyphs } from './glyphs.ts';
import { type Line, type Span, span, widthOf } from './line.ts';
import { count, milliseconds, shortTime } from './numbers.ts';
import { contentColumns, type PaneContent } from './pane.ts';

export interface PresentOptions {
  /** Since the snapshot came: what counts up or down goes on in between. */
  readonly ageMs: number;
  /** Of the pane, with its borders. */
  readonly columns: number;
  readonly glyphs: Glyphs;
}

/** The links to the two other servers, and how far each is known to be. */
export function presentPeers(snapshot: OperatorSnapshot, options: PresentOptions): PaneContent {
  const { links, peers } = snapshot;
  const up = links.filter(isUp).length;
  const cells = links.map((link) => trafficOf(link));
  const lines = links.flatMap((link, index) => {
    const peer = peers.find(({ server }) => server === link.server);
    return flow(
      [
        stateOf(link, options),
        ...(isUp(link) ? aligned(cells, index) : troubleOf(link, options)),
        ...knownOf(link, peer),
      ],
      contentColumns(options.columns),
      4,
    );
  });
  return {
    title: 'Peers',
    counters: [
      ...links.filter((link) => !isUp(link)).map(({ server }) => [span(`${server} DOWN`, 'bad')]),
      [span(`${up}/${links.length} up`, up === links.length ? 'good' : 'warn')],
    ],
    lines: lines.length > 0 ? lines : [[span('no peers are known yet', 'dim')]],
  };
}

const isUp = (link: LinkSnapshot): boolean => link.state === 'up';

function stateOf(link: LinkSnapshot, { ageMs, glyphs }: PresentOptions): Span[] {
  const up = isUp(link);
  const tone = up ? 'good' : 'bad';
  return [
    span(`${up ? glyphs.up : glyphs.down} `, tone),
    span(link.server, 'strong'),
    span(up ? ' up  ' : ' DOWN', tone),
    span(` for ${up ? duration(link.sinceMs + ageMs) : shortTime(link.sinceMs + ageMs)}`, 'dim'),
  ];
}

/** Round trip, in and out: the texts of one link that is up. */
function trafficOf(link: LinkSnapshot): readonly [string, string, string, string, string] {
  return [
    link.roundTripMs === null ? 'not measured' : milliseconds(link.roundTripMs),
    count(link.messagesIn),
    size(link.bytesIn),
    count(link.messagesOut),
    size(link.bytesOut),
  ];
}

/** The numbers of one link, as wide as those of the other, so that they stand below each other. */
function aligned(cells: readonly ReturnType<typeof trafficOf>[], index: number): Line[] {
  const width = (column: 0 | 1 | 2 | 3 | 4) =>
    cells.reduce((most, row) => Math.max(most, widthOf(row[column])), 0);
  const cell = (column: 0 | 1 | 2 | 3 | 4) => padStart(cells[index]?.[column] ?? '', width(column));
  return [
    [span(cell(0), 'accent'), span(' trip', 'dim')],
    [span('in ', 'dim'), span(cell(1)), span(`, ${cell(2)}`, 'dim')],
    [span('out ', 'dim'), span(cell(3)), span(`, ${cell(4)}`, 'dim')],
  ];
}

/** What is being done about a link that is not up, and why it is not. */
function troubleOf(link: LinkSnapshot, { ageMs }: PresentOptions): Line[] {
  return [
    [span(attemptOf(link, ageMs), 'warn')],
    ...(link.tries > 0 ? [[span(`try ${count(link.tries)}`, 'dim')]] : []),
    ...(link.reason === null || link.reason === '' ? [] : [[span(link.reason, 'warn')]]),
  ];
}

function attemptOf(link: LinkSnapshot, ageMs: number): string {
  if (link.retryInMs !== null) {
    const left = link.retryInMs - ageMs;
    return left > 0 ? `retry in ${shortTime(left)}` : 'retrying now';
  }
  switch (link.state) {
    case 'dialing':
      return 'dialing now';
    case 'listening':
      return `waits for ${link.server} to dial`;
    default:
      return link.state;
  }
}

/** What the peer has told of itself. A peer that is away has told nothing that still holds. */
function knownOf(link: LinkSnapshot, peer: PeerSnapshot | undefined): Line[] {
  if (!isUp(link)) {
    return [];
  }
  if (peer === undefined || !peer.up) {
    return [[span('has not told its state yet', 'warn')]];
  }
  const known: Line[] = [
    [span('sealed ', 'dim'), span(told(peer.sealed))],
    [span('tallied ', 'dim'), span(told(peer.tallied))],
  ];
  return peer.rebuilding ? [[span('REBUILDING', 'warn')], ...known] : known;
}

const told = (pools: number | null): string => (pools === null ? 'not told' : count(pools));
