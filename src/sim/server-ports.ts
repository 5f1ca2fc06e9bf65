import type { FragmentPorts } from '../fragment/ports.ts';
import { type Party, parties, partyName } from '../mpc/parties.ts';
import type { World } from './context.ts';
import type { Disk } from './machine.ts';
import type { RuleWatch } from './rule-watch.ts';

/** A core's ports in a world: randomness of the seed, and a look at every run that it begins. */
export function portsOf(world: World, party: Party, reads: Disk, rules: RuleWatch): FragmentPorts {
  const { machine, identities, dice, tallies, casters, chronicle } = world;
  return {
    sha256: machine.sha256,
    prg: machine.prg,
    sign: (hash) => identities[party].sign(hash),
    verify: (certificate, hash, signature) => machine.verify(certificate, hash, signature),
    runStreams: (secrets) => {
      chronicle.count('R10 run begun');
      rules.begins(secrets);
      tallies.draw(secrets, machine.runStreams(secrets));
      return machine.runStreams(secrets);
    },
    random: (count) => dice.bytes(count),
    casterCertificate: (fingerprint) => casters.certificate(party, fingerprint),
    castersHash: () => casters.hash(party),
    reads,
  };
}

/** For a reader of a failure: where each server stands. */
export const describeServers = ({ servers, ledger }: World): string =>
  servers
    .map((server) => {
      const { held, sealed, final, tallies, rebuilding } = ledger.disk(server.party);
      const run = tallies.at(-1);
      const tally =
        run === undefined ? 'no tally' : `${run.count} tallied (${run.runId.slice(0, 8)})`;
      const links = parties.filter((peer) => server.linkTo(peer) !== null).map(partyName);
      return [
        `${server.name}: ${server.isAlive ? 'up' : 'DOWN'}${rebuilding ? ', REBUILDING' : ''}`,
        `${held.size} batches, ${sealed} sealed, ${tally}, ${final} final`,
        `links to ${links.length === 0 ? 'nobody' : links.join(' and ')}`,
      ].join('; ');
    })
    .join('\n');
