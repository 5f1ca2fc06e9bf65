import type { Party } from '../mpc/parties.ts';
import { peersOf, type SchedulerContext } from './hear.ts';
import type { SchedulerState } from './state.ts';
import type { PeerReport, View } from './types.ts';

/** The reports of both peers, next first; null unless both links are up and have told all. */
export function bothReports({
  state,
  settings,
}: SchedulerContext): readonly [PeerReport, PeerReport] | null {
  const [j, k] = peersOf(settings.me);
  const reports = [state.links[j]?.report ?? null, state.links[k]?.report ?? null] as const;
  return reports[0] !== null && reports[1] !== null ? [reports[0], reports[1]] : null;
}

export function currentView(state: SchedulerState, me: Party): View {
  const nonceOf = (party: Party) =>
    party === me ? state.nonce : (state.links[party]?.report?.view[party] ?? null);
  return [nonceOf(0), nonceOf(1), nonceOf(2)];
}

export const sameView = (a: View, b: View): boolean =>
  a.every((nonce, party) => nonce === b[party]);
