import process from 'node:process';
import { sha256 } from '../crypto/hashes.ts';
import { verifySignature } from '../crypto/identity.ts';
import type { Finding } from '../fragment/audit-findings.ts';
import { auditTogether } from '../fragment/audit-together.ts';
import { partyName } from '../mpc/parties.ts';
import { type AuditedFile, auditExport, auditFile, isSound } from '../storage/audit-file.ts';
import { StorageError } from '../storage/storage-error.ts';
import { exitCodes, failed, usedWrongly } from './failure.ts';
import type { CommandModule, GlobalOptions, Parser } from './global-options.ts';
import { PublicExport } from './public-export-file.ts';
import { linesOf, type Subject, subjectsFrom } from './verify-files.ts';

interface VerifyOptions extends GlobalOptions {
  readonly what: readonly string[] | undefined;
  readonly json: boolean;
  readonly export: string | undefined;
}

const usage = `$0 verify [what..]

Check everything in a server's share tables: each batch against its digest, its caster's signature and its
fragments' commitments, who counts by the public rule, the chain of pools with its signatures, tallies, releases
and audit log. Nothing is changed, and the server may run. Of several servers' files it is checked too that they
agree.

The share tables of one server say nothing of any vote. Those of two servers together can be read: nobody should
ever ask for them, or hold them. What an auditor needs is a public export of each (--export), in which there is no
fragment; bring those together instead.`;

export const verifyCommand: CommandModule<VerifyOptions> = {
  command: 'verify [what..]',
  describe: "Check servers' share tables, or public exports of them",
  builder: options,
  handler: verify,
};

function options(parser: Parser): Parser<VerifyOptions> {
  return parser
    .usage(usage)
    .positional('what', {
      type: 'string',
      array: true,
      describe: 'Servers (a, b, c), files or directories; all of --dir if none is named',
    })
    .option('json', {
      type: 'boolean',
      default: false,
      describe: 'One line of JSON instead of the report',
    })
    .option('export', {
      type: 'string',
      requiresArg: true,
      describe: 'If all is well, write what is public of the one file to this new one',
    })
    .example('$0 verify a', 'All of server a, on its host')
    .example('$0 verify a --export a.public', 'The same, and a file for auditors')
    .example(
      '$0 verify a.public b.public c.public',
      'An auditor: each by itself, and that they agree',
    )
    .example('$0 verify backups/server_a-2026-05-01T12-00-00Z', 'A backup');
}

interface Verified extends AuditedFile {
  readonly subject: Subject;
}

function verify(given: VerifyOptions): void {
  const subjects = subjectsFrom(given.what ?? [], given.dir);
  if (given.export !== undefined && (subjects.length !== 1 || subjects[0]?.isExport === true)) {
    throw usedWrongly('--export is for the share tables of one server: name it.');
  }
  warnOfTogether(subjects);
  const verified = subjects.map((subject) => ({ subject, ...look(subject, given.export) }));
  const together = agreement(verified);
  const ok = verified.every(isSound) && together.every((finding) => finding.ok);
  const lines = given.json ? [json(verified, together, ok)] : report(verified, together, ok);
  process.stdout.write(`${lines.join('\n')}\n`);
  process.exitCode = ok ? exitCodes.done : exitCodes.failed;
}

function warnOfTogether(subjects: readonly Subject[]): void {
  if (subjects.filter(({ isExport }) => !isExport).length > 1) {
    process.stderr.write(
      'Note: the share tables of two servers together can be read. Outside of trials, bring public exports together instead (--export).\n',
    );
  }
}

function look(subject: Subject, target: string | undefined): AuditedFile {
  const { file, election, server, casters, isExport } = subject;
  const publicExport = target === undefined ? null : new PublicExport(target);
  const wanted = {
    file,
    election,
    server,
    casters,
    ports: { sha256, verify: verifySignature },
    progress: progressOf(file),
    ...(publicExport === null ? {} : { show: publicExport.show }),
  };
  try {
    const audited = isExport ? auditExport(linesOf(file), wanted) : auditFile(wanted);
    if (isSound(audited)) {
      publicExport?.finish();
    }
    return audited;
  } catch (error) {
    throw error instanceof StorageError ? failed(`${file}: ${error.message}.`) : error;
  } finally {
    publicExport?.discard();
  }
}

const progressMs = 2_000;

/** Says now and then how far it is, where that takes a while. */
function progressOf(file: string): (done: number, all: number) => void {
  let last = performance.now();
  return (done, all) => {
    if (performance.now() - last >= progressMs) {
      last = performance.now();
      process.stderr.write(`${file}: ${done} of ${all} batches\n`);
    }
  };
}

function agreement(verified: readonly Verified[]): readonly Finding[] {
  const shapes = verified.map(({ shape }) => shape).filter((shape) => shape !== null);
  const letters = new Set(shapes.map(({ server }) => server));
  const [twice] = shapes.filter(
    ({ server }, i) => shapes.findIndex((one) => one.server === server) < i,
  );
  if (twice !== undefined) {
    throw usedWrongly(
      `Two of these are of server ${partyName(twice.server)}: compare different servers.`,
    );
  }
  return letters.size < 2 ? [] : auditTogether(shapes);
}

function report(
  verified: readonly Verified[],
  together: readonly Finding[],
  ok: boolean,
): readonly string[] {
  return [
    ...verified.flatMap(({ subject, findings }) => [
      subject.file,
      ...findings.flatMap(findingLines),
    ]),
    ...(together.length === 0 ? [] : ['together', ...together.flatMap(findingLines)]),
    ok ? 'Everything is as it should be.' : 'There are FAULTS.',
  ];
}

const wordWidth = 7;
const nameWidth = 16;

function findingLines({ check, ok, text, faults, faultCount, notes }: Finding): readonly string[] {
  const line = (word: string, what: string) =>
    `  ${word.padEnd(wordWidth)}${check.padEnd(nameWidth)}${what}`;
  const more = faultCount - faults.length;
  return [
    ...(ok ? [line('ok', text)] : faults.map((fault) => line('FAULT', fault))),
    ...(more > 0 ? [line('FAULT', `and ${more} more`)] : []),
    ...notes.map((note) => line('note', note)),
  ];
}

function json(verified: readonly Verified[], together: readonly Finding[], ok: boolean): string {
  const files = verified.map(({ subject, shape, findings }) => ({
    file: subject.file,
    server: shape === null ? null : partyName(shape.server),
    ok: findings.every((finding) => finding.ok),
    findings,
  }));
  return JSON.stringify({ ok, files, together });
}
