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
/** More than anybody reads; each is in the transcript and in the log as well. */
const alarmsMax = 500;
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
  // By its text, as is a notice of the same: it is one alarm, whichever of them comes first.
  const conditions = snapshot.alarms.map(({ text }) => ({ key: text, text, since: now }));
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
  // A server that was started anew has to find its peers first, as at its first start.
  const isSameProcess = before !== null && snapshot.uptimeMs >= before.uptimeMs;
  return settle(alarms, conditionsIn(alarms, snapshot, isSameProcess ? before : null, now), now);
}

/** The connection to the server itself is lost: of all else that was wrong nobody knows whether it still is. */
export function alarmsWhenGone(
  alarms: readonly Alarm[],
  text: string,
  now: number,
): readonly Alarm[] {
  const others = alarms.filter(({ key }) => key !== goneKey);
  const known = alarms.filter(({ key }) => key === goneKey);
  return [...others, ...settle(known, [{ key: goneKey, text, since: now }], now)];
}

/** The server has stopped, and with it what was wrong. What nobody has seen yet stays. */
export const alarmsWhenStopped = (alarms: readonly Alarm[], now: number): readonly Alarm[] =>
  settle(alarms, [], now);

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
  return bounded([...kept, ...fresh]);
}

/** What lasts is never given up, or it would be raised anew at each snapshot. */
function bounded(alarms: readonly Alarm[]): readonly Alarm[] {
  let excess = alarms.length - alarmsMax;
  return alarms.filter(({ until }) => {
    const stays = excess <= 0 || until === null;
    excess -= stays ? 0 : 1;
    return stays;
  });
}

/** An alarm whose condition is back before anybody has seen it is the same alarm, not a second one. */
function settled(alarm: Alarm, condition: Condition | undefined, now: number): Alarm[] {
  if (condition !== undefined) {
    return [{ ...alarm, text: condition.text, until: null }];
  }
  return alarm.seen ? [] : [{ ...alarm, until: alarm.until ?? now }];
}

/** Notices that are alarms stay until they are seen; the same again is the same alarm, for as long as it is there. */
export function alarmsAfterNotices(
  alarms: readonly Alarm[],
  notices: readonly Notice[],
): readonly Alarm[] {
  let after = alarms;
  for (const { level, at, text } of notices) {
    if (level === 'alarm') {
      after = withNotice(after, at, text);
    }
  }
  return bounded(after);
}

function withNotice(alarms: readonly Alarm[], at: number, text: string): readonly Alarm[] {
  if (alarms.some(({ key }) => key === text)) {
    return alarms.map((alarm) =>
      alarm.key === text && alarm.until !== null
        ? { ...alarm, until: Math.max(alarm.until, at) }
        : alarm,
    );
  }
  return [...alarms, { key: text, text, since: at, until: at, seen: false }];
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
