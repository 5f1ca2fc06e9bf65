import { z } from 'zod';
import { limits } from '../base/limits.ts';
import {
  bytesOf,
  bytesUpTo,
  count,
  digest,
  opening,
  perOption,
  reason,
  signature,
  wireBatch,
} from './schema.ts';

/** What the client numbers its requests with, for the answers to name. */
const request = count;

const hello = z.strictObject({ kind: z.literal('hello'), protocol: count, electionHash: digest });
const cast = z.strictObject({
  kind: z.literal('cast'),
  request,
  batch: wireBatch,
  own: opening,
  next: opening,
});
const tally = z.strictObject({ kind: z.literal('tally'), request });
const status = z.strictObject({ kind: z.literal('status'), request });

/** From a client to a server. */
export const clientRequest = z.discriminatedUnion('kind', [hello, cast, tally, status]);
export type ClientRequest = z.infer<typeof clientRequest>;

const welcome = z.strictObject({
  kind: z.literal('welcome'),
  protocol: count,
  roles: z.array(z.enum(['caster', 'teller'])).max(2),
  ballotsPerBatchMax: count,
});
/** The batch is on this server's disk; the signature is over ackStatement (election/statements). */
const stored = z.strictObject({ kind: z.literal('stored'), request, digest, signature });
const refused = z.strictObject({ kind: z.literal('refused'), request: request.nullable(), reason });
const busy = z.strictObject({
  kind: z.literal('busy'),
  request,
  retryMs: z.int().min(0).max(60_000),
  reason,
});
/** Unasked, to the connection that handed the batch in: all three servers hold it. */
const safe = z.strictObject({ kind: z.literal('safe'), digest });
/** Unasked: sealed here and at one peer at least. Duplicates as a bitmap over the batch's ballots, null for none. */
const sealed = z.strictObject({
  kind: z.literal('sealed'),
  digest,
  pool: count,
  duplicates: bytesUpTo(limits.ballotsPerBatchMax / 8).nullable(),
});
const tallied = z.strictObject({
  kind: z.literal('tallied'),
  request,
  pool: count,
  runId: digest,
  votes: count,
  options: perOption(z.strictObject({ fragment: bytesUpTo(8), salt: bytesOf(16) })),
  /** T of this server's own fragment and of the next server's, per option. */
  own: perOption(digest),
  next: perOption(digest),
  /** What the next release waits for, for a person to read; empty where nothing waits. */
  waiting: z.string().max(1_000),
});
/** Whether ballots can be sealed now, and why not. */
const statusReply = z.strictObject({
  kind: z.literal('status'),
  request,
  ready: z.boolean(),
  reason,
  sealed: count,
  final: count,
  votes: count,
});

/** From a server to a client. */
export const clientReply = z.discriminatedUnion('kind', [
  welcome,
  stored,
  refused,
  busy,
  safe,
  sealed,
  tallied,
  statusReply,
]);
export type ClientReply = z.infer<typeof clientReply>;
