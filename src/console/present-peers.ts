import { duration, size } from '../fragment/present.ts';
import type { LinkSnapshot, OperatorSnapshot, PeerSnapshot } from '../fragment/snapshot.ts';
import { flow, padStart } from './flow.ts';
import { contentColumns } from './frame.ts';
import type { Glyphs } from './glyphs.ts';
import { type Line, type Span, span } from './line.ts';
import { count, milliseconds, shortTime } from './numbers.ts';
import type { PaneContent } from './pane.ts';

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
  const traffic = links.filter(isUp).map(trafficOf);
  const lines = links.flatMap((link) => {
    const peer = peers.find(({ server }) => server === link.server);
    return flow(
      [
        stateOf(link, options),
        ...(isUp(link)
          ? [[span(tripOf(link), 'accent')], ...knownOf(peer), ...aligned(traffic, trafficOf(link))]
          : troubleOf(link, options)),
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
    span(` ${up ? duration(link.sinceMs + ageMs) : shortTime(link.sinceMs + ageMs)}`, 'dim'),
  ];
}

const tripOf = ({ roundTripMs }: LinkSnapshot): string =>
  roundTripMs === null ? 'not measured' : milliseconds(roundTripMs);

interface Traffic {
  readonly in: string;
  readonly out: string;
  readonly inBytes: string;
  readonly outBytes: string;
}

const trafficOf = (link: LinkSnapshot): Traffic => ({
  in: count(link.messagesIn),
  out: count(link.messagesOut),
  inBytes: size(link.bytesIn),
  outBytes: size(link.bytesOut),
});

/** The numbers of one link, as wide as those of the other, so that they stand below each other. */
function aligned(all: readonly Traffic[], own: Traffic): Line[] {
  const cell = (name: keyof Traffic) =>
    padStart(
      own[name],
      all.reduce((most, other) => Math.max(most, other[name].length), 0),
    );
  return [
    [span('in ', 'dim'), span(cell('in')), span(`, ${cell('inBytes')}`, 'dim')],
    [span('out ', 'dim'), span(cell('out')), span(`, ${cell('outBytes')}`, 'dim')],
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

/** What the peer has told of itself on this link. One that is away has told nothing that still holds. */
function knownOf(peer: PeerSnapshot | undefined): Line[] {
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
