import { readFileSync } from 'node:fs';
import process from 'node:process';

/**
 * Whether a shell waits for this very process, and so shows its prompt when the process stops. It does not under npm,
 * nor where the terminal started the program itself: stopped there, nothing could wake it up again.
 */
export function hasJobControl(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    // The name of the program, in brackets, may hold anything; then: state, parent, group, session.
    const [, , group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return group === `${process.pid}` && session !== group;
  } catch {
    // Not on Linux: then a shell it is, most probably, if not npm.
    return process.env['npm_lifecycle_event'] === undefined;
  }
}
