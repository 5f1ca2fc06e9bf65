import { z } from 'zod';
import { limits } from '../base/limits.ts';

const anyBytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes');

/** Building blocks of the message schemas: sizes are exact wherever the protocol fixes them. */
export const bytesOf = (size: number) =>
  anyBytes.refine((bytes) => bytes.length === size, `must be ${size} bytes`);
export const bytesUpTo = (size: number) =>
  anyBytes.refine((bytes) => bytes.length <= size, `at most ${size} bytes`);

export const digest = bytesOf(32);
export const nonce = bytesOf(16);
export const signature = bytesOf(64);
export const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
/** Bounded well below the other counts, as whoever is shown its own goes on with the next one. */
export const epoch = z.int().min(0).max(limits.epochMax);
export const party = z.union([z.literal(0), z.literal(1), z.literal(2)]);
export const reason = z.string().max(1_000);
export const perOption = <T extends z.ZodType>(item: T) =>
  z.array(item).min(1).max(limits.widthMax);

/** A batch less what both ends know: the election. Voters travel as varint runs (election/voters). */
export const wireBatch = z.strictObject({
  batchId: bytesOf(16),
  caster: digest,
  width: z.int().min(1).max(limits.widthMax),
  voters: bytesUpTo(limits.ballotsPerBatchMax * 16),
  commitments: z.tuple([digest, digest, digest]),
  signature,
});
export type WireBatch = z.infer<typeof wireBatch>;

/** Fragment 2 of the widest and longest batch, with its salt. */
export const opening = bytesUpTo(16 + (limits.widthMax * limits.ballotsPerBatchMax) / 8);
