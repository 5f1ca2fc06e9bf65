import { type Alarm, unseen } from './alarms.ts';
import type { Glyphs } from './glyphs.ts';
import { fitted, type Line, lineWidth, shortened, span } from './line.ts';
import { clock } from './transcript.ts';

/** The bar of one console's alarms: the first of them, how many more there are, and which key takes the bar away, if one does. */
export function alarmBar(
  alarms: readonly Alarm[],
  columns: number,
  key: string,
  glyphs: Glyphs,
): Line {
  const open = unseen(alarms);
  const [first] = open;
  if (first === undefined) {
    return fitted([], columns);
  }
  const more = open.length > 1 ? ` (+${open.length - 1})` : '';
  const end = span(`${more}${key === '' ? '' : `  ${key} seen`} `, 'alarm');
  const times =
    first.until === null || first.until === first.since
      ? clock(first.since)
      : `${clock(first.since)} to ${clock(first.until)}`;
  const room = Math.max(0, columns - lineWidth([end]));
  const start = fitted([span(shortened(` ALARM ${times} ${first.text}`, room, glyphs))], room);
  return fitted([...start.map(({ text }) => span(text, 'alarm')), end], columns);
}
