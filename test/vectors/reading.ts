import { createCipheriv, createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

/*
 * What a second reading of README.md is written in. Shares no code with the program, so that no slip of
 * the program can hide in it.
 */

export const vectorDirectory = import.meta.dirname;

export const contentOf = (name: string): unknown =>
  JSON.parse(readFileSync(path.join(vectorDirectory, name), 'utf8'));

export const hex = (text: string): Buffer => Buffer.from(text, 'hex');
export const hash = (...parts: readonly Buffer[]): string =>
  createHash('sha256').update(Buffer.concat(parts)).digest('hex');
export const tag = (name: string): Buffer => Buffer.from(`fribs/1 ${name}`, 'latin1');

export function le(size: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes.subarray(0, size);
}

export function string(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([le(4, bytes.length), bytes]);
}

export const stream = (seed: string, size: number): Buffer =>
  createCipheriv('aes-128-ctr', hex(seed), Buffer.alloc(16)).update(Buffer.alloc(size));

export const xor = (a: Buffer, b: Buffer): Buffer =>
  Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)));

export type Run = { first: number; length: number };

export function gaps(runs: readonly Run[]): [gap: number, length: number][] {
  return runs.map(({ first, length }, i) => {
    const before = runs[i - 1];
    return [before === undefined ? first : first - before.first - before.length, length];
  });
}
