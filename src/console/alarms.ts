import type { OperatorSnapshot } from '../fragment/snapshot.ts';
import type { Notice } from '../transport/control-messages.ts';

/** Something that an operator must not miss: it stays until it is seen, also where it has passed meanwhile. */
export interface Alarm {
  readonly key: string;
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** When it passed; null while it lasts. */
  readonly until: number | null;
  readonly seen: boolean;
}

/** What is wrong at a moment. */
export interface Condition {
  readonly key: string;
  readonly text: string;
  readonly since: number;
}

/** Servers that start together need a moment to find each other. */
const startMs = 5_000;
const alarmsMax = 100;
const goneKey = 'gone';

const isLasting = (alarms: readonly Alarm[], key: string): boolean =>
  alarms.some((alarm) => alarm.key === key && alarm.until === null);

/** The conditions that a snapshot shows: what the server says itself, and links that are not up. */
function conditionsIn(
  alarms: readonly Alarm[],
  snapshot: OperatorSnapshot,
  before: OperatorSnapshot | null,
  now: number,
): Condition[] {
  const conditions = snapshot.alarms.map(({ kind, text }) => ({
    key: `${kind}: ${text}`,
    text,
    since: now,
  }));
  for (const { server, state, sinceMs, reason } of snapshot.links) {
    const key = `link ${server}`;
    const wasUp = before?.links.some((link) => link.server === server && link.state === 'up');
    const isMissed = wasUp === true || isLasting(alarms, key) || snapshot.uptimeMs > startMs;
    if (state !== 'up' && isMissed) {
      const text = `server ${server} is DOWN${reason === null ? '' : `: ${reason}`}`;
      conditions.push({ key, text, since: now - sinceMs });
    }
  }
  return conditions;
}

/** Alarms after a snapshot: new ones, those that have passed, and without those that are seen and over. */
export function alarmsAfterSnapshot(
  alarms: readonly Alarm[],
  snapshot: OperatorSnapshot,
  before: OperatorSnapshot | null,
  now: number,
): readonly Alarm[] {
  return settle(alarms, conditionsIn(alarms, snapshot, before, now), now);
}

/** The connection to the server itself is lost. */
export function alarmsWhenGone(
  alarms: readonly Alarm[],
  text: string,
  now: number,
): readonly Alarm[] {
  return settle(alarms, [{ key: goneKey, text, since: now }], now);
}

function settle(
  alarms: readonly Alarm[],
  conditions: readonly Condition[],
  now: number,
): readonly Alarm[] {
  const conditionOf = new Map(conditions.map((condition) => [condition.key, condition]));
  const kept = alarms.flatMap((alarm) => settled(alarm, conditionOf.get(alarm.key), now));
  const fresh = conditions
    .filter(({ key }) => !alarms.some((alarm) => alarm.key === key))
    .map((condition) => ({ ...condition, until: null, seen: false }));
  return [...kept, ...fresh].slice(-alarmsMax);
}

/** An alarm whose condition is back before anybody has seen it is the same alarm, not a second one. */
function settled(alarm: Alarm, condition: Condition | undefined, now: number): Alarm[] {
  if (condition !== undefined) {
    return [{ ...alarm, text: condition.text, until: null }];
  }
  return alarm.seen ? [] : [{ ...alarm, until: alarm.until ?? now }];
}

/** Notices that are alarms stay as well, unless a lasting condition says the same, or they were seen before. */
export function alarmsAfterNotices(
  alarms: readonly Alarm[],
  notices: readonly Notice[],
  seenAt: number,
): readonly Alarm[] {
  const fresh = notices
    .filter(({ level, at }) => level === 'alarm' && at > seenAt)
    .map(({ at, text }) => ({ key: `${at} ${text}`, text, since: at, until: at, seen: false }))
    .filter(({ key, text }) => !alarms.some((known) => known.key === key || known.text === text));
  return fresh.length === 0 ? alarms : [...alarms, ...fresh].slice(-alarmsMax);
}

export const markSeen = (alarms: readonly Alarm[]): readonly Alarm[] =>
  alarms.filter(({ until }) => until === null).map((alarm) => ({ ...alarm, seen: true }));

/** What the bar shows: those that last before those that have passed, each in the order in which they came. */
export function unseen(alarms: readonly Alarm[]): readonly Alarm[] {
  const open = alarms.filter(({ seen }) => !seen);
  return [
    ...open.filter(({ until }) => until === null),
    ...open.filter(({ until }) => until !== null),
  ];
}
