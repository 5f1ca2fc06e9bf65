import { z } from 'zod';
import { limits } from '../base/limits.ts';
import { good, type Result, refused } from '../base/result.ts';

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

export const controlRequest = z.discriminatedUnion('kind', [command, watch]);
export type ControlRequest = z.infer<typeof controlRequest>;

const lines = z.array(z.string());
const answer = z.strictObject({ kind: z.literal('answer'), id: z.int(), lines, ok: z.boolean() });
const notice = z.strictObject({ kind: z.literal('notice'), lines });
const snapshot = z.strictObject({ kind: z.literal('snapshot'), snapshot: z.unknown() });
/** The last line before the server closes the connection. */
const goodbye = z.strictObject({ kind: z.literal('goodbye'), reason: z.string() });

export const controlReply = z.discriminatedUnion('kind', [answer, notice, snapshot, goodbye]);
export type ControlReply = z.infer<typeof controlReply>;

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
