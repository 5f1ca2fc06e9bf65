import { it } from 'vitest';
import { from, playAll, withSimulator } from './playing.ts';

/** Others at each run: a failure names its seed. */
const base = Math.floor(Math.random() * 1e9) * 1_000;

it(`histories from seed ${base} on keep every promise`, { timeout: 300_000 }, () =>
  withSimulator((simulator) => {
    playAll(simulator, from(base, 1_000));
  }),
);
