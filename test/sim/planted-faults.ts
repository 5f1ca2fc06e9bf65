/*
 * Faults that are planted in the program's source, one at a time, in a compiled copy that only these tests load:
 * the program itself has no switch for any of them. Each must make some history fail.
 */

export interface Edit {
  /** Below src. */
  readonly file: string;
  /** Occurs there exactly once. */
  readonly find: string;
  readonly put: string;
}

export interface PlantedFault {
  readonly name: string;
  readonly edits: readonly Edit[];
}

const edit = (file: string, find: string, put: string): Edit => ({ file, find, put });
const fault = (name: string, ...edits: Edit[]): PlantedFault => ({ name, edits });

const group = 'fragment/store-group.ts';
const hear = 'scheduler/hear.ts';
const sealing = 'scheduler/sealing.ts';
const tallying = 'scheduler/tallying.ts';
const telling = 'scheduler/telling.ts';
const handOver = 'scheduler/hand-over.ts';
const casting = 'fragment/casting.ts';
const runner = 'fragment/runner.ts';
const book = 'fragment/release-book.ts';
const releases = 'fragment/releases.ts';

const early = (kind: string): Edit =>
  edit(
    group,
    'sends.push(parts.prepare(effect));',
    `if (${kind}) { parts.prepare(effect)(); } else { sends.push(parts.prepare(effect)); }`,
  );

/** Keeps `what` of a link for the next one to the same peer. */
const kept = (what: string): Edit[] => [
  edit(
    hear,
    'state.links[event.peer] = null;',
    'state.kept = { ...state.kept, [event.peer]: state.links[event.peer] }; state.links[event.peer] = null;',
  ),
  edit(
    hear,
    'state.links[peer] = link;',
    `const old = state.kept?.[peer]; if (old) { ${what} } state.links[peer] = link;`,
  ),
];

/** The rules, clause by clause. */
export const rules: readonly PlantedFault[] = [
  fault('R1 no fresh nonce when a link ends', edit(hear, 'state.nonce = event.nonce;', '')),
  fault(
    'R1 no fresh nonce at the start',
    edit('fragment/server.ts', 'toHex(ports.random(16))', "'00'.repeat(16)"),
  ),
  fault(
    'R1 STATE kept over a broken link',
    ...kept('link.report = old.report; for (const d of old.held) link.held.add(d);'),
  ),
  fault(
    'R1 batches stay sealable over a broken link',
    edit(hear, '      state.sealable.clear();\n      state.sealableBallots = 0;\n', ''),
  ),
  fault(
    'R1 fragments kept over a broken link',
    edit('fragment/peer-desk.ts', 'this.#parts.casting.linkDown(peer);', ''),
  ),
  fault(
    'R1 an old connection is not ended by a new one',
    edit('sim/wires.ts', 'listening.linkDown(low);', ''),
  ),
  fault(
    'R2 no STATE on a new link',
    edit(telling, '(link.told !== key ||', "((link.told !== '' && link.told !== key) ||"),
  ),
  fault(
    'R2 held batches are no news to a new link',
    edit(hear, 'link.heldNews = [...state.unsealed.keys()];', ''),
  ),
  fault(
    'R2 safe batches are no news to a new link',
    edit(hear, 'link.safeNews = [...state.safe];', ''),
  ),
  fault(
    'R3 acknowledged without being stored',
    edit(casting, 'this.#keep(checked, openings, now);\n    }\n    const', '}\n    const'),
  ),
  fault(
    'R4 no hand-over of unsealed batches',
    edit(handOver, ', ...giveUnsealed(context, peer, link, now)', ''),
  ),
  fault(
    'R4 no hand-over of sealed batches',
    edit(handOver, '...givePool(context, peer, link), ', ''),
  ),
  fault(
    'R4 handed over though the third server lacks it',
    edit(handOver, '    if (!peerHolds(context, third, digest)) {', '    if (false) {'),
  ),
  fault(
    'R4 a sealed batch handed over though the third server lacks it',
    edit(handOver, ' || !peerHolds(context, third, digest)', ''),
  ),
  fault('R4 handed over more than once per link', edit(handOver, ' || link.given.has(digest)', '')),
  fault(
    'R4 the fragment of somebody else',
    edit(
      casting,
      'peer === next(me) ? stored.openings.next : stored.openings.own',
      'peer === next(me) ? stored.openings.own : stored.openings.next',
    ),
  ),
  fault(
    'R4 stored with one fragment of two',
    edit(
      casting,
      'partial.own !== null && partial.next !== null',
      'partial.own !== null || partial.next !== null',
    ),
  ),
  fault(
    'R5 safe though the next server lacks it',
    edit(sealing, 'state.links[j]?.held.has(digest) &&\n', ''),
  ),
  fault(
    'R5 safe though the previous server lacks it',
    edit(sealing, ' &&\n      state.links[k]?.held.has(digest)', ''),
  ),
  fault('R6 out of turn', edit(sealing, 'partyOf(state.sealed % 3) === settings.me &&', '')),
  fault(
    'R6 while rebuilding',
    edit(
      sealing,
      '    !state.rebuilding &&\n    state.halt === null &&\n    reports',
      '    state.halt === null &&\n    reports',
    ),
  ),
  fault(
    'R6 before both peers are as far',
    edit(sealing, 'sealed === state.sealed && (sealed', '(sealed'),
  ),
  fault(
    'R6 what is in a pool already',
    edit(sealing, 'if (state.sealable.delete(digest)) {\n    state', 'if (false) {\n    state'),
  ),
  fault(
    'R6 a pool that overflows the register',
    edit(sealing, 'if (state.votes + ballots + more <= settings.votesMax) {', 'if (true) {'),
  ),
  fault(
    'R6 never before the delay, flush or not',
    edit(sealing, '!full && !flushing &&', '!full &&'),
  ),
  fault(
    "R6 no heed of the peers' flushes",
    edit(sealing, ' || state.links.some((link) => link?.report?.flushing === true)', ''),
  ),
  fault('R6 never at all', edit(sealing, '  if (!proposes(context)) {', '  if (true) {')),
  fault(
    'R7 no POOL',
    edit(
      telling,
      'if (link !== null && sealed < state.sealed &&',
      'if (false && sealed < state.sealed &&',
    ),
  ),
  fault('R7 POOL again and again', edit(telling, ' && link.poolsSent <= sealed', '')),
  fault('R8 sealed while a batch is missing', edit(sealing, 'pending.missing.size === 0 &&', '')),
  fault(
    'R8 a proposal is forgotten where a batch is missing',
    edit(
      hear,
      'linkTo(state, peer).pending = { pool, missing };',
      'linkTo(state, peer).pending = missing.size > 0 ? null : { pool, missing };',
    ),
  ),
  fault(
    'R9 the run goes on when the view changes',
    edit(tallying, 'if (run !== null) {', 'if (false) {'),
  ),
  fault(
    'R10 while rebuilding',
    edit(tallying, 'state.rebuilding ||\n    state.run !== null', 'state.run !== null'),
  ),
  fault('R10 while a run is in hand', edit(tallying, 'state.run !== null ||\n', '')),
  fault(
    'R10 with nothing sealed to tally',
    edit(tallying, ' ||\n    state.sealed <= count\n', '\n'),
  ),
  fault(
    'R10 with a peer that is rebuilding',
    edit(
      tallying,
      '!report.rebuilding &&\n      sameTally(state.tallied, report) &&\n      report.sealed',
      'sameTally(state.tallied, report) &&\n      report.sealed',
    ),
  ),
  fault(
    'R10 with a peer that has not sealed the pool',
    edit(tallying, '      report.sealed > count &&\n', ''),
  ),
  fault(
    'R10 with a peer that shows another view',
    edit(tallying, ' &&\n      sameView(report.view, state.view),', ','),
  ),
  fault('R10 rounds that come early are lost', edit(runner, 'rounds.push(words);', '')),
  fault(
    'R10 the run id without the view',
    edit('election/runs.ts', ', poolDigest, ...view)', ', poolDigest)'),
  ),
  fault(
    'R10 the run id without the pool',
    edit('election/runs.ts', 'u64(pool), poolDigest, ...view);', '...view);'),
  ),
  fault(
    'R11 nothing kept of the snapshot before',
    edit(hear, 'state.before = state.tallied;', 'state.before = null;'),
  ),
  fault(
    'R12 with one peer that has told nothing',
    edit(
      tallying,
      'reports.every((report) => isEvidence(report) && sameTally(tallied, report))',
      'reports.some((report) => isEvidence(report) && sameTally(tallied, report))',
    ),
  ),
  fault(
    'R12 with a peer whose file may be an older copy',
    edit(
      tallying,
      'reports.every((report) => isEvidence(report) && sameTally(tallied, report))',
      'reports.every((report) => !report.rebuilding && sameTally(tallied, report))',
    ),
  ),
  fault(
    'R12 with a peer that is rebuilding',
    edit(
      tallying,
      'reports.every((report) => isEvidence(report) && sameTally(tallied, report))',
      'reports.every((report) => report.rebuilding || sameTally(tallied, report))',
    ),
  ),
  fault(
    'R12, R10 with a peer whose tally is of another pool',
    edit(
      tallying,
      'report.tallied === talliedCount(tallied) && (tallied === null || report.runId === tallied.runId)',
      'tallied === null || report.runId === null || report.runId === tallied.runId',
    ),
  ),
  fault(
    'R12 never',
    edit(
      tallying,
      'if (!reports.every((report) => isEvidence(report) && sameTally(tallied, report))) {',
      'if (true) {',
    ),
  ),
  fault(
    'R13 for a peer whose file may be an older copy',
    edit(
      tallying,
      'isEvidence(report) &&\n      report.tallied === tallied.count - 1',
      '!report.rebuilding &&\n      report.tallied === tallied.count - 1',
    ),
  ),
  fault(
    'R13 for a peer that is rebuilding',
    edit(
      tallying,
      'isEvidence(report) &&\n      report.tallied === tallied.count - 1',
      'report.witnessed &&\n      report.tallied === tallied.count - 1',
    ),
  ),
  fault(
    'R13 for a peer that is not one pool behind',
    edit(tallying, 'report.tallied === tallied.count - 1 &&', ''),
  ),
  fault(
    'R13 for a peer that can still finish the run',
    edit(tallying, ' &&\n      !sameView(report.view, tallied.nonces)', ''),
  ),
  fault(
    'R13 never',
    edit(tallying, '!sameView(report.view, tallied.nonces)\n    ) {', 'false\n    ) {'),
  ),
  // Two pools have two runs, and two runs of one pool are never both stored: the two comparisons cover each other.
  fault(
    'R14 with two different tallies',
    edit(tallying, 'j.tallied === k.tallied &&\n    j.runId === k.runId &&\n', ''),
    edit(
      tallying,
      'handOver !== null && handOver.count === j.tallied && handOver.runId === j.runId,',
      'handOver !== null,',
    ),
  ),
  fault(
    'R14 before as many pools are sealed',
    edit(tallying, 'state.sealed >= Math.max(j.sealed, k.sealed) &&\n', ''),
  ),
  fault(
    'R14 without the hand-over of both',
    edit(tallying, 'const handed = links.every(', 'const handed = links.some('),
  ),
  fault(
    'R14 with a hand-over of an older tally',
    edit(
      tallying,
      'handOver !== null && handOver.count === j.tallied && handOver.runId === j.runId,',
      'handOver !== null,',
    ),
  ),
  fault(
    'R14 while vouched batches are missing',
    edit(tallying, '|| lacksVouched(context, links)', ''),
  ),
  fault(
    'R14 without what both hold',
    edit(tallying, 'links.every((link) => link.held.has(digest)) || ', ''),
  ),
  fault(
    'R14 takes the newest tally to be final',
    edit(tallying, 'state.final = Math.max(0, j.tallied - 1);', 'state.final = j.tallied;'),
  ),
  fault('R14 never', edit(tallying, 'if (!state.rebuilding || reports === null) {', 'if (true) {')),
];

/** Everything else that was thought of. */
export const others: readonly PlantedFault[] = [
  fault('acknowledged before the commit', early("effect.kind === 'send-client'")),
  fault('STATE before the commit', early("effect.kind === 'send-peer'")),
  fault('a release shown before the commit', early("effect.kind === 'answer'")),
  fault('no commit at all', edit(group, 'store.commit();', '')),
  fault(
    'a duplicate counted',
    edit('election/pools.ts', 'if (bitAt(voted, offset + i) === 1) {', 'if (false) {'),
  ),
  fault(
    'a duplicate of an earlier pool counted',
    edit('election/pools.ts', 'tickOff(voted, base, span, before);', ''),
  ),
  fault(
    'padding counted',
    edit('base/bits.ts', 'const kept = word & lowBits(bits);', 'const kept = word;'),
  ),
  fault(
    'a duplicate computed with',
    edit(
      'fragment/tally-run.ts',
      'column.appendPicked(bits, ballots, accepted);',
      'column.append(bits, pickedCount(accepted, ballots));',
    ),
    edit(
      'fragment/tally-run.ts',
      'function appendBallots(',
      'const pickedCount = (picked, n) => { let c = 0; for (let i = 0; i < n; i++) c += (picked[i >> 5] >>> (i & 31)) & 1; return c; };\nfunction appendBallots(',
    ),
  ),
  fault(
    'a batch dropped at a restart',
    edit('fragment/start.ts', 'unsealed: stored.unsealed,', 'unsealed: stored.unsealed.slice(1),'),
  ),
  fault(
    'a batch lost by the disk at a restart',
    edit(
      'storage/batch-rows.ts',
      'unsealed.push({ digest, ballots: row.ballots, since: row.received_at });',
      'if (row.safe === 1) unsealed.push({ digest, ballots: row.ballots, since: row.received_at });',
    ),
  ),
  fault(
    'a pool of what only two hold',
    edit(sealing, 'state.links[j]?.held.has(digest) &&\n', ''),
    edit(sealing, 'return safe.length > 0 ? [{', 'return safe.length > 1e9 ? [{'),
  ),
  fault(
    'a tally shown that is not final',
    edit(
      book,
      'const { final } = scheduler.state;\n    const runId',
      'const final = scheduler.state.tallied?.count ?? 0;\n    const runId',
    ),
    edit(book, 'if (pool >= scheduler.state.final) {', 'if (false) {'),
    edit(
      book,
      'const votes = scheduler.state.finalVotes;\n    return {',
      'const votes = final === 0 ? 0 : ports.reads.pool(final - 1).votes;\n    return {',
    ),
  ),
  fault(
    'tallies shown that are too near to each other',
    edit(
      'election/release-rule.ts',
      'difference === 0 || difference >= minRelease',
      'difference >= 0',
    ),
    edit(
      book,
      'if (forced || newest.votes - (bound?.votes ?? 0) >= this.#minRelease) {',
      'if (true) {',
    ),
  ),
  fault(
    'a release that nobody agrees to',
    edit(
      releases,
      'this.#book.bind(release, now);\n    for',
      'this.#book.bind({ ...release, agreed: true }, now);\n    for',
    ),
    edit(
      releases,
      'for (const peer of linked) {\n      out',
      'this.#settle(now);\n    for (const peer of linked) {\n      out',
    ),
  ),
  fault(
    'a peer agrees to any release',
    edit(
      book,
      '    const bound = this.#bound;\n    const same = bound?.pool === release.pool && bound.runId',
      "    if (release.pool >= 0) { return 'good'; }\n    const bound = this.#bound;\n    const same = bound?.pool === release.pool && bound.runId",
    ),
  ),
  fault(
    'bound by its own word alone and not on disk',
    edit(
      book,
      'if (same === null || kept.agreed !== same.agreed || kept.forced !== same.forced) {',
      'if (false) {',
    ),
  ),
  fault(
    'a pool is told to be sealed that no peer has',
    edit(
      'fragment/statuses.ts',
      'const certain = this.#sealedByPeer;',
      'const certain = this.#context.scheduler.state.sealed;',
    ),
  ),
  fault(
    'two purposes share a stream',
    edit('mpc/prss.ts', 'purpose: Purpose): string', "_: Purpose, purpose = 'zero'): string"),
  ),
  fault(
    'the streams of all runs of a link are one',
    edit(
      'crypto/link-keys.ts',
      "hkdfSync('sha256', linkSecret, runId, info,",
      "hkdfSync('sha256', linkSecret, new Uint8Array(32), info,",
    ),
  ),
  fault(
    'a lost disk counts as whole',
    edit(
      'storage/share-tables.ts',
      'const rebuilding = terms.bornWhole ? null',
      'const rebuilding = true ? null',
    ),
  ),
  fault(
    'an older copy counts as whole',
    edit(
      'fragment/peer-desk.ts',
      'if (claim.epoch === state.epoch && !isFurther(claim, state)) {',
      'if (claim.epoch === state.epoch) {',
    ),
  ),
  fault(
    'an older copy counts as whole if only tallies are missing',
    edit('fragment/peer-desk.ts', ' || claim.tallies > than.tallies;', ';'),
  ),
  fault(
    'words that were heard before their server was witnessed are not remembered',
    edit('fragment/peer-desk.ts', 'this.#remember(peer, report, facts, message.signature);', ''),
    edit(
      'fragment/peer-desk.ts',
      'link.verified = key;',
      'link.verified = key; this.#remember(peer, report, facts, message.signature);',
    ),
  ),
  fault(
    'a flush is done too soon',
    edit(
      telling,
      'flush.unheard.size === 0 && flush.batches.size === 0 && state.final >= flush.pools',
      'state.final >= flush.pools',
    ),
  ),
  fault(
    'a flush of two servers at once adds votes',
    edit(
      sealing,
      'const votes = state.votes + content.accepted;',
      'const votes = state.votes + content.accepted + Math.max(0, state.flushes.size - 1);',
    ),
  ),
  fault(
    'the old register is left out',
    edit('fragment/tally-run.ts', 'if (pool === 0) {', 'if (pool === 0 || pool === 3) {'),
  ),
  fault(
    'a step back leaves the tally on disk',
    edit(
      'scheduler/back.ts',
      "return [{ kind: 'step-back', count: tallied.count, why }];",
      'return [];',
    ),
  ),
  fault(
    'a rebuilt server swaps its two fragments',
    edit(
      'fragment/rebuilding.ts',
      "own: present(registerOf(option.fragment), 'a register'),\n      next: present(registerOf(other.fragment), 'a register'),",
      "own: present(registerOf(other.fragment), 'a register'),\n      next: present(registerOf(option.fragment), 'a register'),",
    ),
  ),
];

/*
 * Clauses that another part of the rules covers: left out alone, nothing that anybody could see changes. Each is
 * planted together with what covers it.
 */
export const covered: readonly PlantedFault[] = [
  // What R6 may seal is emptied at a link's end (R1), and is filled only once both peers have told all (R5).
  fault(
    'R6 with one peer that has told nothing',
    edit(sealing, ') === true &&\n    state.sealable', ') !== false &&\n    state.sealable'),
    edit(hear, '      state.sealable.clear();\n      state.sealableBallots = 0;\n', ''),
  ),
  // R12 is tried before R10, and all that it needs R10 needs as well: where R10 could start, the tally is final by then.
  fault(
    'R10 while the last tally is not final',
    edit(tallying, 'count !== state.final ||\n', ''),
    edit('scheduler/rules.ts', "  ['R12 final', finalise],\n", ''),
    edit(
      'scheduler/rules.ts',
      "['R10 start the run', startRun],",
      "['R10 start the run', startRun], ['R12 final', finalise],",
    ),
  ),
  // A peer with a later tally that can see this server's new nonce has stepped back from it (R13) before it tells so.
  fault(
    'R10 with a peer at another tally',
    edit(tallying, '      sameTally(state.tallied, report) &&\n', ''),
    edit(tallying, '!sameView(report.view, tallied.nonces)\n    ) {', 'false\n    ) {'),
  ),
  // A run begins once both peers show the new view, and behind that, first in first out, no round of an older run comes.
  fault(
    'R10 rounds of another run are taken',
    edit(runner, 'if (this.#run?.run.runId === runId) {', 'if (this.#run !== null) {'),
    edit(tallying, ' &&\n      sameView(report.view, state.view),', ','),
  ),
  // A new link comes with a new nonce, so with another run id than that of rounds that came early over the old one.
  fault(
    'R1 early rounds kept over a broken link',
    edit('fragment/peer-desk.ts', 'this.#parts.runner.nextLinkDown();', ''),
    edit(runner, 'this.#early?.runId === run.runId ?', 'this.#early !== null ?'),
  ),
  // A tally that is final here was on all three disks, so only a peer that lost its disk is behind, and that one is rebuilding.
  fault(
    'R13 from a final pool',
    edit(
      tallying,
      'tallied === null ||\n    tallied.count === state.final ||\n    state.halt?.kind',
      'tallied === null ||\n    state.halt?.kind',
    ),
    edit(
      tallying,
      'isEvidence(report) &&\n      report.tallied === tallied.count - 1',
      'report.witnessed &&\n      report.tallied === tallied.count - 1',
    ),
  ),
];

/*
 * Not planted, as no history of honest servers, one disk lost at a time, could show them:
 *
 * - R12 and R13 while rebuilding: then the scheduler has no tally at all (beginRebuild, startOf), which both rules
 *   ask for first.
 * - R12 and R10 with a peer whose tally of the same pool is of another run: a run needs all three, so two runs of a
 *   pool are never both stored by servers that are not rebuilding. It takes a server that lies about its run.
 * - R14 while a peer is rebuilding, alone: such a peer hands no tally over, without which R14 does nothing.
 * - R6, R8, R10, R12, R13 and R14 while halted, R8's checks of the signature and the digest, R12's comparison of
 *   commitments, R4's checks of what is handed over, rounds taken twice: only a server that does not keep to the
 *   protocol brings them about. test/scheduler and test/fragment (tampering, false-hand-over) do.
 * - R1's end of a pending proposal: what a live link brings again is what it brought before, and a proposal of another
 *   pool under the same number takes its proposer to have lost what it signed. That one is rebuilt then, and proposes
 *   nothing before the peer that keeps its first proposal has sealed as much as it shows. (A model of the rules does
 *   not find it either: 1,800,000 random schedules without the clause, with up to two lost disks.)
 * - The two ways in which an older copy could make its server forget: a release that it has shown (it takes an older
 *   copy, put back between two final pools of few ballots, that meets the one peer which knows of neither; see
 *   test/fragment/rebuild), and its own newer claim, overwritten at both peers while it tells its STATE over links that
 *   break before their hellos arrive.
 * - R14's "or that either calls safe": whoever is not rebuilding holds every safe batch, so two such peers both hold it.
 * - R11's check(): it is empty until there are verified gates.
 */
