import { assert, present } from '../../src/base/assert.ts';
import { type Party, parties, partyName } from '../../src/mpc/parties.ts';
import { type Book, type KnownBatch, recombined } from './book.ts';
import type { Rig } from './rig.ts';

/** What the operators do about TAMPERING, which has to name whoever it was; a fork of the log has to be that of the liar. */
export function settleTampering(rig: Rig, liar: Party | null, halted: readonly Party[]): void {
  assert(liar !== null, 'no client brings servers to TAMPERING');
  for (const party of halted) {
    const { what, kind } = present(rig.disk(party).state().tampering, 'what it is');
    const named = `server ${partyName(liar)}`;
    assert(kind === 'tally' || what.includes(named), `TAMPERING does not name ${named}: ${what}`);
    rig.command(party, { kind: 'rerun-pool' });
  }
  rig.settle();
  const finals = parties.map((party) => rig.disk(party).state().final);
  if (new Set(finals).size > 1) {
    // Who holds a tally to be final that the others do not has to be rebuilt (docs/protocol.md, 10).
    rig.loseDisk(parties[finals.indexOf(Math.max(...finals))] ?? 0);
    rig.connectAll();
    rig.settle();
  }
}

/** All three hold the same, everything that was cast is counted once, and the tally is the plain sum. */
export function checkExact(rig: Rig, book: Book, cast: readonly KnownBatch[]): void {
  const { width } = rig.election.terms;
  for (const party of parties) {
    const state = rig.disk(party).state();
    const where = `server ${partyName(party)}`;
    assert(!state.rebuilding, `${where} is whole`);
    assert(state.tampering === null, `${where} goes on`);
    const pools = present(state.lastPool, 'a pool').number + 1;
    assert(state.final === pools, `${where} has ${pools} pools, ${state.final} of them final`);
    for (const { digest } of cast) {
      assert(rig.disk(party).poolOf(digest) !== null, `${where} has lost the batch ${digest}`);
    }
    const truth = book.truth(rig.disk(party), width);
    const votes = state.lastPool?.votes;
    assert(votes === truth.votes, `${where} counts ${votes} votes of ${truth.votes}`);
  }
  const truth = book.truth(rig.disk(0), width);
  const tally = recombined(rig, rig.disk(0).state().final);
  assert(
    tally !== null && tally.join() === truth.sums.join(),
    `the tally is ${tally?.join()}, not ${truth.sums.join()}`,
  );
}
