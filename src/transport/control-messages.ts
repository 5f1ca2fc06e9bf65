import { z } from 'zod';
import { limits } from '../base/limits.ts';
import { good, type Result, refused } from '../base/result.ts';

export const tableNameMax = 40;
export const tableRowsMax = 100;

/** What goes over a server's control socket: one JSON value a line. */
const command = z.strictObject({
  kind: z.literal('command'),
  id: z.int().min(0),
  text: z.string().max(limits.commandBytesMax),
  /** How long the command may wait for what it asks for. */
  timeoutMs: z.int().min(0).max(86_400_000).optional(),
});
/** From now on notices and, unless `snapshots` is false, snapshots are pushed. */
const watch = z.strictObject({ kind: z.literal('watch'), snapshots: z.boolean().optional() });

/** The newest rows of a table, as far as people may see them. */
const rowsWanted = z.strictObject({
  kind: z.literal('rows'),
  id: z.int().min(0),
  table: z.string().max(tableNameMax),
  count: z.int().min(1).max(tableRowsMax),
});

export const controlRequest = z.discriminatedUnion('kind', [command, watch, rowsWanted]);
export type ControlRequest = z.infer<typeof controlRequest>;

const lines = z.array(z.string());
const answer = z.strictObject({ kind: z.literal('answer'), id: z.int(), lines, ok: z.boolean() });
const oneNotice = z.strictObject({
  at: z.number(),
  level: z.enum(['info', 'warning', 'alarm']),
  text: z.string(),
});
const notice = z.strictObject({ kind: z.literal('notice'), notices: z.array(oneNotice) });
const rows = z.strictObject({
  kind: z.literal('rows'),
  id: z.int(),
  columns: lines,
  rows: z.array(lines),
  /** Why there are none; null where the table could be read. */
  reason: z.string().nullable(),
});
const snapshot = z.strictObject({ kind: z.literal('snapshot'), snapshot: z.unknown() });
/** The last line before the server closes the connection. */
const goodbye = z.strictObject({ kind: z.literal('goodbye'), reason: z.string() });

export const controlReply = z.discriminatedUnion('kind', [answer, notice, rows, snapshot, goodbye]);
export type ControlReply = z.infer<typeof controlReply>;

/** Something that happened at a server. */
export interface Notice {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly level: 'info' | 'warning' | 'alarm';
  readonly text: string;
}

/** What the end of a connection is called where the server has said nothing. */
export const serverIsGone = 'the server is gone';

/** A notice where there are only lines: its level in the text. */
export const noticeLine = ({ level, text }: Notice): string =>
  level === 'alarm' ? `ALARM: ${text}` : text;

/** Rows of a table as text, under the names of their columns. */
export interface ControlRows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Why there are none; null where the table could be read. */
  readonly reason: string | null;
}

export const noRows = (reason: string): ControlRows => ({ columns: [], rows: [], reason });

/** What a command comes to. */
export interface ControlAnswer {
  readonly lines: readonly string[];
  readonly ok: boolean;
}

export const controlLine = (message: ControlRequest | ControlReply): string =>
  `${JSON.stringify(message)}\n`;

export function parseControlLine<T>(schema: z.ZodType<T>, line: string): Result<T> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return refused('not a line of JSON');
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? good(parsed.data) : refused('not a message of the control socket');
}
