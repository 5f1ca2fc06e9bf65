import { expect } from 'vitest';
import { present } from '../../src/base/assert.ts';
import type { OperatorCommand } from '../../src/fragment/commands.ts';
import type { FragmentSnapshot } from '../../src/fragment/snapshot.ts';
import { type Party, parties } from '../../src/mpc/parties.ts';
import type { ClientReply } from '../../src/wire/client-messages.ts';
import type { CastBatch, World } from './world.ts';

/* What tests of whole servers say again and again. */

/** `count` voters from `first` on. */
export const votersFrom = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => first + i);

/** A batch of consecutive voters of whom the first `yes` vote yes. */
export const ballots = (world: World, first: number, count: number, yes = count): CastBatch =>
  world.batch(votersFrom(first, count), [Array.from({ length: count }, (_, i) => i < yes)]);

/** All three take the batch, and everything goes its way. */
export function castEverywhere(world: World, ...casts: CastBatch[]): void {
  for (const cast of casts) {
    for (const party of parties) {
      world.hand(party, cast);
    }
  }
  world.quiesce();
}

export const repliesTo = (world: World, party: Party, connection = 1): ClientReply[] =>
  world.nodes[party].replies
    .filter((reply) => reply.connection === connection)
    .map(({ message }) => message);

export const replies = <K extends ClientReply['kind']>(
  world: World,
  party: Party,
  kind: K,
  connection = 1,
): Extract<ClientReply, { kind: K }>[] =>
  repliesTo(world, party, connection).filter(
    (message): message is Extract<ClientReply, { kind: K }> => message.kind === kind,
  );

/** Hands a command in and lets the servers run on; gives its answer. */
export function operate(
  world: World,
  party: Party,
  command: OperatorCommand,
): { readonly lines: readonly string[]; readonly ok: boolean } {
  const id = world.command(party, command);
  world.settle();
  return present(world.nodes[party].answers.get(id), 'an answer');
}

export const printTally = (force = false): OperatorCommand => ({ kind: 'print-tally', force });

export const snapshotOf = (world: World, party: Party): FragmentSnapshot =>
  present(world.nodes[party].core, 'a living server').snapshot(world.now);

/** Runs `act` and holds the server to having changed nothing but counters of refusals, alarms and its audit log. */
export function expectUnchanged(world: World, party: Party, act: () => void): void {
  const look = () => {
    const { tables, writes } = world.nodes[party];
    return {
      stored: tables.state(),
      snapshot: { ...snapshotOf(world, party), refused: 0, queue: null, alarms: null },
      writes: writes.filter(({ kind }) => kind !== 'audit').length,
    };
  };
  const before = look();
  act();
  expect(look()).toEqual(before);
}

export const isConnected = (world: World, party: Party, peer: Party): boolean =>
  snapshotOf(world, party).peers.find(({ server }) => server === 'abc'[peer])?.up === true;
