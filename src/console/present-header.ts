import { duration } from '../fragment/present.ts';
import type { OperatorSnapshot } from '../fragment/snapshot.ts';
import type { Glyphs } from './glyphs.ts';
import { needsMore } from './layout.ts';
import { fitted, type Line, lineWidth, type Span, shortened, span, type Tone } from './line.ts';
import { count } from './numbers.ts';

/** What a console knows of its server: a snapshot, or in a word why it has none. */
export type HeaderSource =
  | { readonly server: 'a' | 'b' | 'c'; readonly snapshot: OperatorSnapshot }
  | { readonly server: 'a' | 'b' | 'c'; readonly connection: ConnectionWord; readonly why: string };

/**
 * CONNECTING: no answer yet. STALE: the connection is there, and nothing comes over it. GONE: the connection ended though
 * nobody said stop. STOPPED: the server said goodbye. OFF: it has not been seen to run. REFUSED: it runs, but this console
 * cannot watch it.
 */
export type ConnectionWord = 'CONNECTING' | 'STALE' | 'GONE' | 'STOPPED' | 'OFF' | 'REFUSED';

export interface HeaderOptions {
  /** Since the snapshot came. */
  readonly ageMs: number;
  readonly columns: number;
  readonly glyphs: Glyphs;
  /** Alarms that nobody has seen yet. */
  readonly unseen: number;
}

interface Part {
  readonly spans: Line;
  /** The lower, the longer it stays. */
  readonly rank: number;
}

/** Below this a reason that is cut says nothing any more. */
const reasonColumnsMin = 20;

/** The first line of a console. What matters least goes first where there is no room; no part is shown in part. */
export function headerLine(source: HeaderSource, options: HeaderOptions): Line {
  const parts = partsOf(source, options);
  const gap = choose(parts, 3, options.columns).length === parts.length ? 3 : 2;
  const line = joined(choose(parts, gap, options.columns), gap);
  return fitted([...line, ...cutReason(source, line, gap, options)], options.columns);
}

/** One line for all servers whose consoles are not shown: as much of each one's header as its share allows. */
export function stripLine(
  sources: readonly HeaderSource[],
  options: Omit<HeaderOptions, 'unseen'> & { readonly unseen: readonly number[] },
): Line {
  const { columns, glyphs, unseen } = options;
  const between = span(` ${glyphs.border.upright} `, 'dim');
  const line: Span[] = [];
  let left = columns;
  sources.forEach((source, index) => {
    const after = sources.length - 1 - index;
    const share = Math.max(0, Math.ceil((left - 3 * after) / (after + 1)));
    const parts = partsOf(source, { ...options, unseen: unseen[index] ?? 0 });
    const short = fitted(joined(choose(parts, 2, share), 2), share);
    line.push(...short, ...(after > 0 ? [between] : []));
    left -= share + 3;
  });
  return fitted(line, columns);
}

/** All there is where the screen is too small for a console; down to a single column. */
export function tinyLine(source: HeaderSource, options: HeaderOptions): Line {
  const hint: Part = { spans: [span(needsMore, 'warn')], rank: 2 };
  const [state, ...others] = partsOf(source, options);
  const parts = state === undefined ? [hint] : [state, hint, ...others];
  return fitted(joined(choose(parts, 2, options.columns), 2), options.columns);
}

function partsOf(source: HeaderSource, options: HeaderOptions): Part[] {
  const { server } = source;
  if (!('snapshot' in source)) {
    const tone = source.connection === 'CONNECTING' ? 'warn' : 'bad';
    return [
      { spans: stateSpans(server, source.connection, tone), rank: 0 },
      ...unseenPart(options),
      ...(source.why === '' ? [] : [{ spans: [span(source.why)], rank: 3 }]),
    ];
  }
  const { snapshot } = source;
  const { state, peers, waiting, votes, finalPools } = snapshot;
  const up = peers.filter((peer) => peer.up).length;
  const reason = reasonOf(snapshot);
  return [
    { spans: stateSpans(server, state, stateTone(state)), rank: 0 },
    ...unseenPart(options),
    {
      spans: [
        span(`${up}/${peers.length}`, up < peers.length ? 'warn' : 'good'),
        span(' peers', 'dim'),
      ],
      rank: 3,
    },
    ...(reason === '' ? [] : [{ spans: [span(reason, 'warn')], rank: 5 }]),
    number('waiting', waiting, 4),
    number('votes', votes, 6),
    // Pools are numbered from 0: this is the number of the last one that is final.
    ...(finalPools === 0 ? [] : [number('pool', finalPools - 1, 7)]),
    {
      spans: [span('up ', 'dim'), span(duration(snapshot.uptimeMs + options.ageMs))],
      rank: 8,
    },
  ];
}

const stateSpans = (server: string, word: string, tone: Tone): Line => [
  span(`${server} `, 'strong'),
  span(word, tone),
];

function stateTone(state: OperatorSnapshot['state']): Tone {
  switch (state) {
    case 'READY':
      return 'good';
    case 'TAMPERING':
      return 'alarm';
    default:
      return 'warn';
  }
}

function unseenPart({ unseen }: HeaderOptions): Part[] {
  if (unseen === 0) {
    return [];
  }
  const text = unseen === 1 ? ' 1 alarm ' : ` ${count(unseen)} alarms `;
  return [{ spans: [span(text, 'alarm')], rank: 1 }];
}

const number = (name: string, value: number, rank: number): Part => ({
  spans: [span(`${name} `, 'dim'), span(count(value))],
  rank,
});

/** Without the word that stands before it already. */
function reasonOf({ state, reason }: OperatorSnapshot): string {
  const word = `${state}: `;
  return reason.startsWith(word) ? reason.slice(word.length) : reason;
}

/** The parts that fit together, in their order. The first one always stays. */
function choose(parts: readonly Part[], gap: number, columns: number): readonly Part[] {
  const byRank = parts.toSorted((one, other) => one.rank - other.rank);
  const kept = new Set<Part>();
  let width = 0;
  for (const part of byRank) {
    const taken = lineWidth(part.spans) + (kept.size === 0 ? 0 : gap);
    if (kept.size === 0 || width + taken <= columns) {
      kept.add(part);
      width += taken;
    } else if (part.rank !== reasonRank) {
      break;
    }
  }
  return parts.filter((part) => kept.has(part));
}

/** A reason is long: that there is no room for it must not hide the numbers after it. */
const reasonRank = 5;

function joined(parts: readonly Part[], gap: number): Span[] {
  return parts.flatMap(({ spans }, index) =>
    index === 0 ? [...spans] : [span(' '.repeat(gap)), ...spans],
  );
}

/** The start of a reason that there was no room for, where enough columns are left to make sense of it. */
function cutReason(
  source: HeaderSource,
  line: Line,
  gap: number,
  { columns, glyphs }: HeaderOptions,
): Span[] {
  const reason = 'snapshot' in source ? reasonOf(source.snapshot) : source.why;
  const room = columns - lineWidth(line) - gap;
  const shown = line.some(({ text }) => text === span(reason).text);
  if (reason === '' || shown || room < reasonColumnsMin) {
    return [];
  }
  return [span(' '.repeat(gap)), span(shortened(reason, room, glyphs), 'warn')];
}
