import { type Party, partyName } from '../mpc/parties.ts';
import { peersOf } from '../scheduler/hear.ts';
import { isWitnessed } from '../scheduler/state.ts';
import type { FragmentContext } from './context.ts';
import type { ReleaseBook } from './release-book.ts';

/** What came of asking the peers to agree to a pool. */
export interface Asked {
  readonly pool: number;
  /** Whom this server asked, or could have asked when it was refused. */
  readonly linked: readonly Party[];
  /** Why nobody agreed; null while they are asked. */
  readonly refusal: string | null;
}

/** Peers that can be asked. */
export const linkedPeers = ({ scheduler, me }: FragmentContext): readonly Party[] =>
  peersOf(me).filter((peer) => scheduler.state.links[peer]?.report);

/** Said of a server that cannot yet know whether its file is an older copy, which would have forgotten releases. */
export const unwitnessed = 'has not heard both others since it started';

export const notConnected = (peer: Party): string => `server ${partyName(peer)} is not connected`;

/**
 * What the next release waits for, as `print tally` would say it: empty where that shows a newer tally or
 * asks the others for one, and where there is nothing newer.
 */
export function waitsFor(
  context: FragmentContext,
  book: ReleaseBook,
  asked: Asked | null,
  now: number,
): string {
  if (context.scheduler.state.rebuilding) {
    return 'this server to be rebuilt';
  }
  const newest = book.newest(false, now);
  const wanted = newest === null ? null : book.choose(newest, false);
  if (wanted === null || wanted.pool <= (book.shown?.pool ?? -1)) {
    return book.waitsForBallots();
  }
  if (wanted.agreed) {
    return book.waitsToShow(wanted);
  }
  return isWitnessed(context.scheduler.state)
    ? waitsForAgreement(context, asked?.pool === wanted.pool ? asked : null)
    : 'both other servers to be heard once since this one started';
}

function waitsForAgreement(context: FragmentContext, asked: Asked | null): string {
  const another = 'a second server to agree';
  const linked = linkedPeers(context);
  if (linked.length === 0) {
    return `${another} (no peer is linked)`;
  }
  const hindrances = peersOf(context.me).map((peer) => hindrance(context, peer));
  if (hindrances.every((why) => why !== '')) {
    return `${another} (${hindrances.join('; ')})`;
  }
  // Until others are linked, asking again comes to the same.
  if (asked === null || asked.linked.join() !== linked.join()) {
    return '';
  }
  return asked.refusal === null ? another : `${another} (${asked.refusal})`;
}

/** Why a peer cannot agree, whatever the pool. */
function hindrance({ scheduler }: FragmentContext, peer: Party): string {
  const report = scheduler.state.links[peer]?.report ?? null;
  if (report === null) {
    return notConnected(peer);
  }
  if (report.rebuilding) {
    return `server ${partyName(peer)} is being rebuilt`;
  }
  return report.witnessed ? '' : `server ${partyName(peer)} ${unwitnessed}`;
}
