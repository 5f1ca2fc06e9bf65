import process from 'node:process';
import type { LeaveSignal } from '../console/leaving.ts';
import { glyphsFor } from '../console/mode.ts';
import { presentRecombination } from '../console/present-recombination.ts';
import { beginRecombination, contentsOf, recombination } from '../console/recombination.ts';
import type { PastedTally } from '../election/paste.ts';
import { loadClientScreen } from './client-screen.ts';
import { listRules } from './list-rules.ts';

/** The lists in the slots, or what ended it before there was a result. */
export type PasteEnd =
  | { readonly kind: 'lists'; readonly lists: readonly PastedTally[] }
  | { readonly kind: 'signal'; readonly signal: LeaveSignal };

/** Takes the three servers' lists on the whole screen, pasted or typed, until its user leaves. */
export async function pasteOnScreen(
  title: string,
  tallyBits: number | undefined,
): Promise<PasteEnd> {
  const { openClientScreen } = await loadClientScreen();
  const glyphs = glyphsFor(process.env);
  const rules = listRules(tallyBits);
  let state = beginRecombination('paste', title);
  return new Promise((resolve) => {
    const leave = (end: PasteEnd) => {
      screen.close();
      resolve(end);
    };
    const screen = openClientScreen({
      input: process.stdin,
      output: process.stdout,
      picture: (size) => presentRecombination(state, size, glyphs),
      onKey: (event) => {
        state = recombination(state, event, rules);
        if (state.leaving === 'done') {
          leave({ kind: 'lists', lists: contentsOf(state) });
        } else if (state.leaving === 'interrupted') {
          leave({ kind: 'signal', signal: 'SIGINT' });
        }
      },
      onLeave: (signal) => leave({ kind: 'signal', signal }),
    });
  });
}
