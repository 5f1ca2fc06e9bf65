import { good, type Result, refused } from '../base/result.ts';

/** An operator's command, as typed at `#>` or handed to `fribs run`. */
export type OperatorCommand =
  | { readonly kind: 'print-tally'; readonly force: boolean }
  | { readonly kind: 'flush-tally' }
  | { readonly kind: 'print'; readonly what: PrintSubject }
  | { readonly kind: 'rerun-pool' }
  | { readonly kind: 'help' }
  | { readonly kind: 'stop' };

export type PrintSubject = 'stats' | 'peers' | 'queue' | 'tables';

interface CommandEntry {
  readonly words: string;
  readonly command: OperatorCommand;
  /** What `help` says of it; null for another spelling of one that is listed. */
  readonly help: string | null;
}

/** Every command there is: parser, help and completion are made from this. */
export const commandTable: readonly CommandEntry[] = [
  {
    words: 'print tally',
    command: { kind: 'print-tally', force: false },
    help: "show this server's fragment of the tally",
  },
  {
    words: 'print tally --force',
    command: { kind: 'print-tally', force: true },
    help: 'the same below the release rule: logged, and shown on all three consoles',
  },
  {
    words: 'flush tally',
    command: { kind: 'flush-tally' },
    help: 'tally everything that two servers hold, now',
  },
  {
    words: 'print stats',
    command: { kind: 'print', what: 'stats' },
    help: 'counts and times of this server',
  },
  {
    words: 'print peers',
    command: { kind: 'print', what: 'peers' },
    help: 'the links to the two other servers',
  },
  {
    words: 'print queue',
    command: { kind: 'print', what: 'queue' },
    help: 'what waits to be tallied, and for what',
  },
  {
    words: 'print tables',
    command: { kind: 'print', what: 'tables' },
    help: 'the share tables on disk',
  },
  {
    words: 'rerun pool',
    command: { kind: 'rerun-pool' },
    help: 'after TAMPERING: go on, running the pool again once all three operators agree',
  },
  { words: 'help', command: { kind: 'help' }, help: 'this list' },
  { words: 'stop', command: { kind: 'stop' }, help: 'stop this server (also quit, exit, halt)' },
  { words: 'stop --yes', command: { kind: 'stop' }, help: null },
  { words: 'quit', command: { kind: 'stop' }, help: null },
  { words: 'exit', command: { kind: 'stop' }, help: null },
  { words: 'halt', command: { kind: 'stop' }, help: null },
];

/** A command as it is compared: neither case nor spacing matters. */
export const wordsOf = (text: string): string => text.trim().toLowerCase().split(/\s+/).join(' ');

/** The command that `text` spells. */
export function parseCommand(text: string): Result<OperatorCommand> {
  const words = wordsOf(text);
  const entry = commandTable.find((candidate) => candidate.words === words);
  if (entry !== undefined) {
    return good(entry.command);
  }
  const shown = text.trim().slice(0, 60);
  return refused(
    `Unknown command "${shown}". Did you mean "${nearestCommand(words)}"? "help" lists all commands.`,
  );
}

export function helpLines(): string[] {
  const listed = commandTable.filter(({ help }) => help !== null);
  const width = Math.max(...listed.map(({ words }) => words.length));
  return listed.map(({ words, help }) => `${words.padEnd(width)}  ${help}`);
}

function nearestCommand(words: string): string {
  const distances = commandTable.map((entry) => ({
    words: entry.words,
    distance: editDistance(words.slice(0, 60), entry.words),
  }));
  return distances.reduce((best, other) => (other.distance < best.distance ? other : best)).words;
}

/** Levenshtein's distance: insertions, deletions and replacements of one character. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
  }
  return row[b.length] ?? 0;
}
