import type { Notice } from '../transport/control-messages.ts';

/** At least as many as a server tells of again to every console that begins to watch it. */
const recentMax = 400;
/** A server keeps alarms beside the recent ones. */
const alarmsMax = 100;

/**
 * Those among notices that are told again which have not been heard. Two alike at the same moment are two: as often as
 * one was heard, so often it is left out.
 */
export function unheard(heard: readonly Notice[], told: readonly Notice[]): readonly Notice[] {
  const left = new Map<string, number>();
  for (const notice of heard) {
    const key = keyOf(notice);
    left.set(key, (left.get(key) ?? 0) + 1);
  }
  return told.filter((notice) => {
    const key = keyOf(notice);
    const times = left.get(key) ?? 0;
    left.set(key, times - 1);
    return times <= 0;
  });
}

const keyOf = ({ at, level, text }: Notice): string => `${at} ${level} ${text}`;

/** What has been heard, as far as it may be told again. */
export function remembered(heard: readonly Notice[], fresh: readonly Notice[]): readonly Notice[] {
  const all = [...heard, ...fresh];
  const recent = all.slice(-recentMax);
  const alarms = all.slice(0, -recentMax).filter(({ level }) => level === 'alarm');
  return [...alarms.slice(-alarmsMax), ...recent];
}

/** The server's time when it told of the newest; 0 where it has told of nothing. */
export const newestAt = (heard: readonly Notice[]): number => heard.at(-1)?.at ?? 0;
