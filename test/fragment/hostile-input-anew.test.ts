import { it } from 'vitest';
import { playBouts } from './bouts.ts';

it('hostile peers and clients that never were before change nothing that they may not', {
  timeout: 900_000,
}, () => {
  playBouts(Math.floor(Math.random() * 1e9) * 1_000);
});
