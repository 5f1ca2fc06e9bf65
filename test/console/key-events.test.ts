import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { KeyDecoder, type KeyEvent } from '../../src/console/key-events.ts';

let events: KeyEvent[];
let decoder: KeyDecoder;

beforeEach(() => {
  vi.useFakeTimers();
  events = [];
  decoder = new KeyDecoder((event) => events.push(event));
});
afterEach(() => {
  decoder.close();
  vi.useRealTimers();
});

const push = (text: string) => decoder.push(Buffer.from(text));
const key = (name: string, more: Readonly<Record<string, unknown>> = {}) => ({
  kind: 'key',
  name,
  ctrl: false,
  shift: false,
  text: '',
  ...more,
});

test.each([
  ['a', key('a', { text: 'a' })],
  ['A', key('a', { shift: true, text: 'A' })],
  ['7', key('7', { text: '7' })],
  [' ', key('space', { text: ' ' })],
  [':', key(':', { text: ':' })],
  ['é', key('é', { text: 'é' })],
  ['😀', key('😀', { text: '😀' })],
  ['\r', key('return')],
  ['\n', key('return')],
  ['\t', key('tab')],
  ['\x1b[Z', key('tab', { shift: true })],
  ['\x7f', key('backspace')],
  ['\b', key('backspace')],
  ['\x1b[3~', key('delete')],
  ['\x1b[A', key('up')],
  ['\x1bOA', key('up')],
  ['\x1b[5~', key('pageup')],
  ['\x1b[H', key('home')],
  ['\x1b[1;5D', key('left', { ctrl: true })],
  ['\x1b[1;3D', key('left')],
  ['\x03', key('c', { ctrl: true })],
  ['\x1a', key('z', { ctrl: true })],
])('makes one event of %j', (bytes, event) => {
  push(bytes);
  expect(events).toEqual([event]);
});

test.each(['\x1c', '\x9b', '\x1b[I', '\x1b[99;1x'])('makes nothing of %j', (bytes) => {
  push(bytes);
  expect(events).toEqual([]);
  push('x');
  expect(events).toEqual([key('x', { text: 'x' })]);
});

// The timer for Escape is readline's own, which cannot be replaced.
test('takes Escape for a key when nothing follows', async () => {
  vi.useRealTimers();
  push('\x1b');
  expect(events).toEqual([]);
  await vi.waitFor(() => expect(events).toEqual([key('escape')]));
  push('[A');
  expect(events).toHaveLength(3);
  push('\x1b\x1b');
  await vi.waitFor(() => expect(events.slice(3)).toEqual([key('escape'), key('escape')]));
});

test('makes two events of Escape and another key that come together', () => {
  for (const bytes of ['\x1bx', '\x1b\x1b[A', '\x1b\r']) {
    push(bytes);
  }
  expect(events.map((event) => event.kind === 'key' && event.name)).toEqual([
    'escape',
    'x',
    'escape',
    'up',
    'escape',
    'return',
  ]);
});

test('cleans a paste', () => {
  push('\x1b[200~a\r\nb\rc\td\x1b[31me\x07\x1b[201~f');
  expect(events).toEqual([{ kind: 'paste', text: 'a\nb\nc de' }, key('f', { text: 'f' })]);
});

test('hands on what came of a paste without an end, and then hears keys again', () => {
  push('\x1b[200~abc');
  vi.advanceTimersByTime(1500);
  push('d');
  vi.advanceTimersByTime(1500);
  expect(events).toEqual([]);
  vi.runAllTimers();
  push('e\x1b[201~f');
  expect(events).toEqual([
    { kind: 'paste', text: 'abcd' },
    key('e', { text: 'e' }),
    key('f', { text: 'f' }),
  ]);
});

test('says nothing more once it is closed', () => {
  push('\x1b[200~abc');
  decoder.close();
  push('d');
  vi.runAllTimers();
  expect(events).toEqual([]);
});

test('makes the same events of the same bytes in any chunks', () => {
  const piece = fc.constantFrom(
    'a',
    'Z',
    'é',
    '😀',
    '\r',
    '\x1b[D',
    '\x1b[5~',
    '\x1b[200~p\rq\x1b[201~',
  );
  const cuts = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(piece), cuts, (pieces, sizes) => {
      const bytes = Buffer.from(pieces.join(''));
      const whole: KeyEvent[] = [];
      const all = new KeyDecoder((event) => whole.push(event));
      all.push(bytes);
      const chopped: KeyEvent[] = [];
      const bit = new KeyDecoder((event) => chopped.push(event));
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length] ?? 1;
        bit.push(bytes.subarray(at, at + size));
        at += size;
      }
      expect(chopped).toEqual(whole);
      expect(whole).toHaveLength(pieces.length);
      all.close();
      bit.close();
    }),
  );
});
