import { describe, expect, it } from 'vitest';
import { asciiGlyphs, unicodeGlyphs } from '../../src/console/glyphs.ts';
import { drawConsole, type PictureSetting } from './picture.ts';
import { exampleRows, exampleSnapshot } from './snapshots.ts';

const setting = (changes: Partial<PictureSetting>): PictureSetting => ({
  snapshot: exampleSnapshot(),
  columns: 80,
  rows: 23,
  focus: 'commands',
  zoom: false,
  glyphs: unicodeGlyphs,
  ageMs: 0,
  newest: exampleRows,
  transcript: ['14:07:20 #> print tally', 'Number of votes: 157', 'Tally: [14, 15, 7, 5, 11, 9]'],
  scroll: 0,
  filter: '',
  ...changes,
});

const draw = (changes: Partial<PictureSetting>) =>
  `\n${drawConsole(setting(changes)).join('\n')}\n`;

describe('a whole console', () => {
  it('stands beside two others on a wide screen, 53x40', () => {
    expect(draw({ columns: 53, rows: 39 })).toMatchInlineSnapshot(`
      "
      a WAITING  1/2 peers  waiting 9  votes 1 204  pool 12
      ┌─ 1 Peers ──────────────────────── c DOWN  1/2 up ─┐
      │ ● b up   00:14:00  1.2 ms  sealed 14  tallied 13  │
      │     in 41 032, 5.1 MB  out 40 982, 5.0 MB         │
      │ ○ c DOWN 14 s  retry in 4.0 s  try 3              │
      │     connect ECONNREFUSED 127.0.0.1:7103           │
      └───────────────────────────────────────────────────┘
      ┌─ 2 Scheduler ─────────── 9 waiting  1 incomplete ─┐
      │ ▸ pool 13  4 096 ballots  tallying  round 11/23   │
      │ batch 19c04be2     12  incomplete   a . .   41 s  │
      │ batch 7f3a09c1  4 096  schedulable  a b c  0.3 s  │
      │                                                   │
      │                                                   │
      │                                                   │
      │                                                   │
      └───────────────────────────────────────────────────┘
      ┌─ 3 Share tables ───── fribs.db 1.2 MB  disk ok ✓ ─┐
      │ batch 31, 4.1 MB  voter 1 204, 41.0 kB            │
      │   ▸ pool 14, 8.2 kB  tally_share 2, 4.1 kB        │
      │   release 1, 4.1 kB  peer 2, 4.1 kB               │
      │   tampering 0, 4.1 kB  event 88, 16.4 kB          │
      │ fribs.db 1.2 MB  last commit 4.1 ms  commits 310  │
      │ tally fragment of pool 12  1 204 votes            │
      │ yes  [14, 15, 7, 5, 11, 9]                        │
      │ next release: 7 more ballots to become final      │
      │ newest rows of pool                               │
      └────────────────────────────────────────────── ↓4 ─┘
      ┏━ 4 Commands ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ tail ━┓
      ┃ 14:07:20 #> print tally                           ┃
      ┃ Number of votes: 157                              ┃
      ┃ Tally: [14, 15, 7, 5, 11, 9]                      ┃
      ┃                                                   ┃
      ┃                                                   ┃
      ┃                                                   ┃
      ┃                                                   ┃
      ┃                                                   ┃
      ┃                                                   ┃
      ┃                                                   ┃
      ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
      "
    `);
  });

  it('stands beside two others on a wider screen, 60x44', () => {
    expect(draw({ columns: 60, rows: 43, focus: 'scheduler' })).toMatchInlineSnapshot(`
      "
      a WAITING  1/2 peers  server c is not connected  waiting 9  
      ┌─ 1 Peers ─────────────────────────────── c DOWN  1/2 up ─┐
      │ ● b up   00:14:00  1.2 ms  sealed 14  tallied 13         │
      │     in 41 032, 5.1 MB  out 40 982, 5.0 MB                │
      │ ○ c DOWN 14 s  retry in 4.0 s  try 3                     │
      │     connect ECONNREFUSED 127.0.0.1:7103                  │
      └──────────────────────────────────────────────────────────┘
      ┏━ 2 Scheduler ━━━ ▆█▁▂▂▂▃▄ 25/s  9 waiting  1 incomplete ━┓
      ┃ ▸ pool 13  4 096 ballots  tallying  round 11/23          ┃
      ┃ batch 19c04be2     12  incomplete   a . .   41 s         ┃
      ┃ batch 7f3a09c1  4 096  schedulable  a b c  0.3 s         ┃
      ┃                                                          ┃
      ┃                                                          ┃
      ┃                                                          ┃
      ┃                                                          ┃
      ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
      ┌─ 3 Share tables ──────────── fribs.db 1.2 MB  disk ok ✓ ─┐
      │ batch 31, 4.1 MB  voter 1 204, 41.0 kB                   │
      │   ▸ pool 14, 8.2 kB  tally_share 2, 4.1 kB               │
      │   release 1, 4.1 kB  peer 2, 4.1 kB  tampering 0, 4.1 kB │
      │   event 88, 16.4 kB                                      │
      │ fribs.db 1.2 MB  last commit 4.1 ms  commits 310         │
      │ tally fragment of pool 12  1 204 votes                   │
      │ yes  [14, 15, 7, 5, 11, 9]                               │
      │ next release: 7 more ballots to become final             │
      │ newest rows of pool                                      │
      │ pool  digest  batches  accepted  duplicates  +2 more     │
      │   13  5be1…         2      4096           0              │
      └───────────────────────────────────────────────────── ↓2 ─┘
      ┌─ 4 Commands ────────────────────────────────────── tail ─┐
      │ 14:07:20 #> print tally                                  │
      │ Number of votes: 157                                     │
      │ Tally: [14, 15, 7, 5, 11, 9]                             │
      │                                                          │
      │                                                          │
      │                                                          │
      │                                                          │
      │                                                          │
      │                                                          │
      │                                                          │
      │                                                          │
      │                                                          │
      └──────────────────────────────────────────────────────────┘
      "
    `);
  });

  it('fits an ssh session, 80x24', () => {
    expect(draw({ columns: 80, rows: 23, focus: 'scheduler' })).toMatchInlineSnapshot(`
      "
      a WAITING  1/2 peers  server c is not connected  waiting 9  votes 1 204  pool 12
      ── 1 Peers ─────────────────────────────────────────────────── c DOWN  1/2 up ──
      ┏━ 2 Scheduler ━━━ pool 13  ▄▅▆█▁▂▂▂▃▄▅▆█▁▂▂▂▃▄ 25/s  9 waiting  1 incomplete ━┓
      ┃ ▸ pool 13  4 096 ballots  tallying  round 11/23                              ┃
      ┃ batch 19c04be2     12  incomplete   a . .   41 s                             ┃
      ┃ batch 7f3a09c1  4 096  schedulable  a b c  0.3 s                             ┃
      ┃                                                                              ┃
      ┃                                                                              ┃
      ┃                                                                              ┃
      ┃                                                                              ┃
      ┃                                                                              ┃
      ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
      ── 3 Share tables ──────────────────────────────── fribs.db 1.2 MB  disk ok ✓ ──
      ┌─ 4 Commands ────────────────────────────────────────────────────────── tail ─┐
      │ 14:07:20 #> print tally                                                      │
      │ Number of votes: 157                                                         │
      │ Tally: [14, 15, 7, 5, 11, 9]                                                 │
      │                                                                              │
      │                                                                              │
      │                                                                              │
      │                                                                              │
      │                                                                              │
      └──────────────────────────────────────────────────────────────────────────────┘
      "
    `);
  });

  it('fills a screen of its own, 160x45', () => {
    expect(draw({ columns: 160, rows: 44 })).toMatchInlineSnapshot(`
      "
      a WAITING   1/2 peers   server c is not connected   waiting 9   votes 1 204   pool 12   up 00:14:07                                                             
      ┌─ 1 Peers ─────────────────────────────────────────────────── c DOWN  1/2 up ─┐┌─ 2 Scheduler ─── pool 13  ▄▅▆█▁▂▂▂▃▄▅▆█▁▂▂▂▃▄ 25/s  9 waiting  1 incomplete ─┐
      │ ● b up   00:14:00  1.2 ms  sealed 14  tallied 13  in 41 032, 5.1 MB          ││ ▸ pool 13  4 096 ballots  tallying  round 11/23                              │
      │     out 40 982, 5.0 MB                                                       ││ batch 19c04be2     12  incomplete   a . .   41 s                             │
      │ ○ c DOWN 14 s  retry in 4.0 s  try 3  connect ECONNREFUSED 127.0.0.1:7103    ││ batch 7f3a09c1  4 096  schedulable  a b c  0.3 s                             │
      │                                                                              ││                                                                              │
      └──────────────────────────────────────────────────────────────────────────────┘│                                                                              │
      ┌─ 3 Share tables ──────────────────────────────── fribs.db 1.2 MB  disk ok ✓ ─┐│                                                                              │
      │ batch 31, 4.1 MB  voter 1 204, 41.0 kB  ▸ pool 14, 8.2 kB                    ││                                                                              │
      │   tally_share 2, 4.1 kB  release 1, 4.1 kB  peer 2, 4.1 kB                   ││                                                                              │
      │   tampering 0, 4.1 kB  event 88, 16.4 kB                                     ││                                                                              │
      │ fribs.db 1.2 MB  last commit 4.1 ms  commits 310                             ││                                                                              │
      │ tally fragment of pool 12  1 204 votes                                       ││                                                                              │
      │ yes  [14, 15, 7, 5, 11, 9]                                                   ││                                                                              │
      │ next release: 7 more ballots to become final                                 ││                                                                              │
      │ newest rows of pool                                                          ││                                                                              │
      │ pool  digest  batches  accepted  duplicates  state   sealed at               ││                                                                              │
      │   13  5be1…         2      4096           0  sealed  14:07:19                ││                                                                              │
      │   12  77a0…         1       128           3  final   14:07:02                ││                                                                              │
      │   11  c3d9…         4         9           0  final   14:06:40                ││                                                                              │
      │                                                                              ││                                                                              │
      │                                                                              │└──────────────────────────────────────────────────────────────────────────────┘
      │                                                                              │┏━ 4 Commands ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ tail ━┓
      │                                                                              │┃ 14:07:20 #> print tally                                                      ┃
      │                                                                              │┃ Number of votes: 157                                                         ┃
      │                                                                              │┃ Tally: [14, 15, 7, 5, 11, 9]                                                 ┃
      │                                                                              │┃                                                                              ┃
      │                                                                              │┃                                                                              ┃
      │                                                                              │┃                                                                              ┃
      │                                                                              │┃                                                                              ┃
      │                                                                              │┃                                                                              ┃
      │                                                                              │┃                                                                              ┃
      │                                                                              │┃                                                                              ┃
      │                                                                              │┃                                                                              ┃
      │                                                                              │┃                                                                              ┃
      │                                                                              │┃                                                                              ┃
      │                                                                              │┃                                                                              ┃
      │                                                                              │┃                                                                              ┃
      │                                                                              │┃                                                                              ┃
      │                                                                              │┃                                                                              ┃
      │                                                                              │┃                                                                              ┃
      │                                                                              │┃                                                                              ┃
      │                                                                              │┃                                                                              ┃
      └──────────────────────────────────────────────────────────────────────────────┘┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
      "
    `);
  });

  it('does with ASCII on the smallest screen, 40x12', () => {
    expect(
      draw({ columns: 40, rows: 11, focus: 'peers', glyphs: asciiGlyphs }),
    ).toMatchInlineSnapshot(`
      "
      a WAITING  1/2 peers  waiting 9         
      += 1 Peers =========== c DOWN  1/2 up =+
      | * b up   00:14:00  1.2 ms  sealed 14 |
      |     tallied 13  in 41 032, 5.1 MB    |
      +================================= v4 =+
      -- 2 Scheduler --------- 1 incomplete --
      -- 3 Share tables --------- disk ok + --
      +- 4 Commands ------------------ tail -+
      | 14:07:20 #> print tally              |
      | Number of votes: 157                 |
      +--------------------------------- v1 -+
      "
    `);
  });
});
