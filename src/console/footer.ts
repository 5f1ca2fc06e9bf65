import { hintsOf, type KeyContext, type KeyPlace } from './keys.ts';
import { fitted, type Line, lineWidth, type Span, span } from './line.ts';

/** The keys that matter here, as many as there is room for, the most needed first. */
export function hintLine(context: KeyContext, place: KeyPlace, columns: number): Line {
  const line: Span[] = [span(' ')];
  for (const { key, text } of hintsOf(context, place)) {
    const between = line.length > 1 ? [span(' | ', 'dim')] : [];
    const hint = [...between, span(key, 'accent'), span(` ${text}`)];
    if (lineWidth(line) + lineWidth(hint) > columns) {
      break;
    }
    line.push(...hint);
  }
  return fitted(line, columns);
}
