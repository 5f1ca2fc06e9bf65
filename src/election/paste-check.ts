import { good, type Refusal, type Result, refused } from '../base/result.ts';
import type { PastedTally } from './paste.ts';
import { formatList, recombine } from './tally-list.ts';

export interface PastedResult {
  /** Null for a yes/no election's only option. */
  readonly option: string | null;
  readonly tally: number;
}

const tallyBitsMax = 48;
/** From here on two servers' lists are practically never equal by chance. */
const randomBitsMin = 16;

type Three = readonly [PastedTally, PastedTally, PastedTally];
type Some = readonly PastedTally[];

/** Recombines three servers' lists, or says why they do not fit together. */
export function checkPasted(
  pasted: readonly PastedTally[],
  tallyBits?: number,
): Result<readonly PastedResult[]> {
  const [a, b, c] = pasted;
  if (a === undefined || b === undefined || c === undefined || pasted.length > 3) {
    return refused(
      `One list from each of the three fragment servers is needed, but there are ${pasted.length}.`,
    );
  }
  const three: Three = [a, b, c];
  return pastedFault(three, tallyBits) ?? results(three);
}

/** Why lists cannot belong to one tally, also where there are fewer than three yet; null where they may. */
export function pastedFault(pasted: Some, tallyBits?: number): Refusal | null {
  return (
    numbersFault(pasted) ??
    lengthFault(pasted, tallyBits) ??
    optionsFault(pasted) ??
    repeatedFault(pasted) ??
    differentFault(pasted)
  );
}

function numbersFault(pasted: Some): Refusal | null {
  const lists = pasted.flatMap(({ lists }) => lists.map(({ list }) => list));
  const wrong = lists
    .flat()
    .find((number) => !Number.isInteger(number) || number < 0 || number > 15);
  return wrong === undefined
    ? null
    : refused(`A list has the number ${wrong}; all numbers are whole and from 0 to 15.`);
}

function lengthFault(pasted: Some, tallyBits: number | undefined): Refusal | null {
  const lengths = pasted.flatMap(({ lists }) => lists.map(({ list }) => list.length));
  const wanted = tallyBits === undefined ? lengths[0] : tallyBits / 4;
  const wrong = lengths.find((length) => length !== wanted || length > tallyBitsMax / 4);
  if (wrong === undefined) {
    return null;
  }
  return tallyBits === undefined && wrong !== wanted
    ? refused(`The lists have different lengths: ${wanted} and ${wrong} numbers.`)
    : refused(
        `A list has ${wrong} numbers instead of ${wanted === wrong ? 'at most 12' : wanted}.`,
      );
}

const names = ({ lists }: PastedTally): string =>
  JSON.stringify(lists.map(({ option }) => option).sort());

function optionsFault(pasted: Some): Refusal | null {
  return new Set(pasted.map(names)).size <= 1
    ? null
    : refused('The three servers must list the same options, each once.');
}

const content = ({ lists }: PastedTally): string =>
  lists
    .map(({ option, list }) => `${option} ${formatList(list)}`)
    .sort()
    .join();

function repeatedFault(pasted: Some): Refusal | null {
  const bits = pasted[0]?.lists.reduce((sum, { list }) => sum + 4 * list.length, 0) ?? 0;
  const isRepeated = new Set(pasted.map(content)).size < pasted.length;
  return isRepeated && bits >= randomBitsMin && !isBeforeFirstPool(pasted)
    ? refused('The same list is there twice: each must come from another fragment server.')
    : null;
}

/** Until the first pool is final all three servers show zeros, which are not random, and no votes. */
const isBeforeFirstPool = (pasted: Some): boolean =>
  pasted.every(
    ({ lists, votes }) =>
      (votes === null || votes === 0) &&
      lists.every(({ list }) => list.every((number) => number === 0)),
  );

function differentFault(pasted: Some): Refusal | null {
  const pools = new Set(pasted.flatMap(({ pool }) => (pool === null ? [] : [pool])));
  if (pools.size > 1) {
    return refused(
      `The lists are of different pools (${[...pools].join(', ')}): print all three again.`,
    );
  }
  const votes = new Set(pasted.flatMap(({ votes: count }) => (count === null ? [] : [count])));
  return votes.size > 1
    ? refused(
        `The lists are of different numbers of votes (${[...votes].join(', ')}): print all three again.`,
      )
    : null;
}

function results(three: Three): Result<readonly PastedResult[]> {
  const votes = three.map((tally) => tally.votes).find((count) => count !== null) ?? null;
  const listOf = (tally: PastedTally, option: string | null): readonly number[] =>
    tally.lists.find((other) => other.option === option)?.list ?? [];
  const found = three[0].lists.map(({ option, list }) => ({
    option,
    tally: recombine([list, listOf(three[1], option), listOf(three[2], option)]),
  }));
  const over = found.find(({ tally }) => votes !== null && tally > votes);
  return over === undefined
    ? good(found)
    : refused(
        `The lists recombine to ${over.tally}, more than the ${votes} votes: they do not belong together.`,
      );
}
