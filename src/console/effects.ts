import type { ServerLetter } from './state.ts';

/** What a change of the state asks of the outside. */
export type Effect =
  /** A simple key for the input field. */
  | { readonly kind: 'feed'; readonly sequence: string }
  | {
      readonly kind: 'command';
      readonly letter: ServerLetter;
      readonly id: number;
      readonly text: string;
    }
  /** The newest rows of a table. */
  | { readonly kind: 'rows'; readonly letter: ServerLetter; readonly table: string }
  | { readonly kind: 'copy'; readonly letter: ServerLetter; readonly lines: readonly string[] }
  /** A printed tally is kept in a file as well. */
  | {
      readonly kind: 'keep-print';
      readonly letter: ServerLetter;
      readonly lines: readonly string[];
    }
  /** A line joins the history. */
  | { readonly kind: 'remember'; readonly letter: ServerLetter; readonly line: string }
  /** Alarms up to this time were seen. */
  | { readonly kind: 'seen'; readonly letter: ServerLetter; readonly at: number }
  | { readonly kind: 'script'; readonly wish: 'pause' | 'go-on' | 'next' | 'end' }
  | { readonly kind: 'bell' }
  | { readonly kind: 'repaint' }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'leave' };

/** A state and what is to be done because of it, in this order. */
export interface Change<State> {
  readonly state: State;
  readonly effects: readonly Effect[];
}

export const change = <State>(state: State, ...effects: readonly Effect[]): Change<State> => ({
  state,
  effects,
});
