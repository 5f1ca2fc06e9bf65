import { unreachable } from '../base/assert.ts';
import { shortTime } from './numbers.ts';
import { absence, isLive } from './pane-content.ts';
import type { ConnectionWord, HeaderSource } from './present-header.ts';
import type { ConsoleState } from './state.ts';

/** What the header shows of a server: its snapshot, for as long as that is how things are. */
export function sourceOf(state: ConsoleState, now: number): HeaderSource {
  const { letter, snapshot } = state;
  return snapshot !== null && isLive(state, now)
    ? { server: letter, snapshot }
    : { server: letter, ...absenceOf(state, now) };
}

/** Why there is nothing newer to show, in a word and in several. */
function absenceOf(
  state: ConsoleState,
  now: number,
): { readonly connection: ConnectionWord; readonly why: string } {
  const { snapshot, snapshotAt, contact } = state;
  switch (contact.kind) {
    case 'connecting':
      return { connection: 'CONNECTING', why: '' };
    case 'attached':
      return snapshot === null
        ? { connection: 'CONNECTING', why: '' }
        : { connection: 'STALE', why: `no word for ${shortTime(Math.abs(now - snapshotAt))}` };
    case 'absent':
      return { connection: 'OFF', why: absence(state) };
    case 'refused':
      return { connection: 'REFUSED', why: contact.reason };
    case 'stopped':
      return { connection: 'STOPPED', why: contact.reason };
    case 'gone':
      return { connection: 'GONE', why: contact.reason };
    default:
      return unreachable(contact);
  }
}
