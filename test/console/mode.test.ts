import { expect, test } from 'vitest';
import { asciiGlyphs, unicodeGlyphs } from '../../src/console/glyphs.ts';
import { choosesInk, glyphsFor, prepareForInk } from '../../src/console/mode.ts';

const terminal = {
  stdinIsTty: true,
  stdoutIsTty: true,
  env: { TERM: 'xterm-256color' },
  plain: false,
};

test('shows the picture on a terminal', () => {
  expect(choosesInk(terminal)).toBe(true);
  expect(choosesInk({ ...terminal, env: { INK_SCREEN_READER: '' } })).toBe(true);
});

test.each([
  ['a pipe at stdin', { stdinIsTty: false }],
  ['a pipe at stdout', { stdoutIsTty: false }],
  ['a terminal that can nothing', { env: { TERM: 'dumb' } }],
  ['--plain', { plain: true }],
  ['a screen reader', { env: { TERM: 'xterm', INK_SCREEN_READER: 'true' } }],
])('shows lines with %s', (_, change) => {
  expect(choosesInk({ ...terminal, ...change })).toBe(false);
});

test.each([
  [{ LC_ALL: 'de_DE.UTF-8' }],
  [{ LC_CTYPE: 'C.utf8' }],
  [{ LANG: 'en_US.UTF-8' }],
  [{ LC_ALL: '', LC_CTYPE: '', LANG: 'en_US.UTF-8' }],
  [{ LC_ALL: 'C.UTF-8', LANG: 'C' }],
])('takes the signs of Unicode with %o', (env) => {
  expect(glyphsFor(env)).toBe(unicodeGlyphs);
});

test.each([
  [{}],
  [{ LANG: 'C' }],
  [{ LC_ALL: 'C', LANG: 'en_US.UTF-8' }],
  [{ LC_CTYPE: 'de_DE.ISO-8859-1', LANG: 'en_US.UTF-8' }],
  [{ LC_ALL: 'de_DE.UTF-8', FRIBS_ASCII: '1' }],
])('keeps to ASCII with %o', (env) => {
  expect(glyphsFor(env)).toBe(asciiGlyphs);
});

test('takes away what would make Ink show nothing, or slow', () => {
  const env: Record<string, string | undefined> = {
    CI: 'true',
    CONTINUOUS_INTEGRATION: '1',
    DEV: 'true',
    HOME: '/home/op',
  };
  prepareForInk(env);
  expect(env).toEqual({ HOME: '/home/op', NODE_ENV: 'production' });
});

test('switches colours off where NO_COLOR says something', () => {
  const env = { NO_COLOR: '1', NODE_ENV: 'test' };
  prepareForInk(env);
  expect(env).toEqual({ NO_COLOR: '1', NODE_ENV: 'test', FORCE_COLOR: '0' });
  const empty = { NO_COLOR: '', NODE_ENV: 'test' };
  prepareForInk(empty);
  expect(empty).toEqual({ NO_COLOR: '', NODE_ENV: 'test' });
});
