import { expect, test } from 'vitest';
import type { FragmentEvent } from '../../src/fragment/events.ts';
import { storeGroup } from '../../src/fragment/store-group.ts';

const client = {
  fingerprint: new Uint8Array(32),
  name: 'hall 1',
  roles: ['caster'],
} as const;

const cast: FragmentEvent = {
  kind: 'client-message',
  connection: 1,
  client,
  message: {
    kind: 'cast',
    request: 1,
    batch: {
      batchId: new Uint8Array(16),
      caster: client.fingerprint,
      width: 1,
      voters: new Uint8Array(4),
      commitments: [new Uint8Array(32), new Uint8Array(32), new Uint8Array(32)],
      signature: new Uint8Array(64),
    },
    own: new Uint8Array(16),
    next: new Uint8Array(16),
  },
};

const time: FragmentEvent = { kind: 'time' };

/** What a core is asked to do, in order, by a group of these events; it wants one step more after each event. */
function asked(events: readonly FragmentEvent[]): string[] {
  const calls: string[] = [];
  let more = false;
  storeGroup(
    {
      core: {
        handle: (event) => {
          calls.push(event.kind === 'time' ? 'time' : 'cast');
          more = true;
          return [];
        },
        step: () => {
          calls.push('step');
          const effects = more
            ? [{ kind: 'notice' as const, level: 'info' as const, text: '' }]
            : [];
          more = false;
          return effects;
        },
      },
      store: {
        begin: () => calls.push('begin'),
        apply: () => undefined,
        commit: () => calls.push('commit'),
      },
      now: () => 0,
      heard: () => undefined,
      prepare: () => calls.push('send'),
    },
    events,
  );
  return calls;
}

const settled = ['step', 'send', 'step'];

test('rules are tried after each event', () => {
  expect(asked([time, time])).toEqual(['begin', 'time', ...settled, 'time', ...settled, 'commit']);
});

test('batches that come one upon the other are news once, before anything else is heard', () => {
  expect(asked([cast, cast, cast, time, cast])).toEqual([
    ...['begin', 'cast', 'cast', 'cast', ...settled],
    ...['time', ...settled],
    ...['cast', ...settled],
    'commit',
  ]);
});

test('a group that ends with batches is settled before it is committed', () => {
  expect(asked([cast, cast])).toEqual(['begin', 'cast', 'cast', ...settled, 'commit']);
});
