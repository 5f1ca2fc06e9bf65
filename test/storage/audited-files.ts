import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { sha256 } from '../../src/crypto/hashes.ts';
import { verifySignature } from '../../src/crypto/identity.ts';
import type { Election } from '../../src/election/types.ts';
import type { AuditCaster, AuditRecord } from '../../src/fragment/audit-records.ts';
import { type Party, parties } from '../../src/mpc/parties.ts';
import { type AuditedFile, auditExport, auditFile } from '../../src/storage/audit-file.ts';
import { ballots, castEverywhere, operate, printTally } from '../fragment/scenes.ts';
import { type Keys, World } from '../fragment/world.ts';

export interface Audited {
  readonly election: Election;
  readonly casters: readonly AuditCaster[];
  readonly files: readonly string[];
}

/** The files of three servers that tallied several pools, with duplicates, and showed some; one batch waits. */
export function playedFiles(keys: Keys, folder: string): Audited {
  const world = new World(keys, 7, { minRelease: 3 });
  world.quiesce();
  for (const first of [100, 103, 300]) {
    castEverywhere(world, ballots(world, first, 5));
    castEverywhere(world, ballots(world, first + 2, 4, 0));
    for (const party of parties) {
      operate(world, party, printTally());
    }
  }
  operate(world, 0, printTally(true));
  world.hand(1, ballots(world, 900, 3));
  const files = parties.map((party) => {
    const file = path.join(folder, `${party}.db`);
    writeFileSync(file, world.image(party));
    return file;
  });
  const { fingerprint, certificate } = keys.caster;
  const { election } = world;
  world.close();
  return { election, files, casters: [{ kind: 'caster', fingerprint, certificate }] };
}

const common = ({ election, casters }: Audited) => ({
  election,
  casters,
  server: null,
  ports: { sha256, verify: verifySignature },
  progress: () => undefined,
});

export const audited = (
  played: Audited,
  file: string,
  show: (record: AuditRecord) => void = () => undefined,
  server: Party | null = null,
): AuditedFile => auditFile({ ...common(played), file, show, server });

export const auditedLines = (played: Audited, lines: readonly string[]): AuditedFile =>
  auditExport(lines.values(), { ...common(played), file: 'an export', casters: [] });

/** Every fault, after the name of its check. */
export const faultsOf = ({ findings }: AuditedFile): readonly string[] =>
  findings.flatMap(({ check, faults }) => faults.map((fault) => `${check}: ${fault}`));
