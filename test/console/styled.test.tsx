import { render } from 'ink-testing-library';
import { useEffect } from 'react';
import { afterEach, expect, test, vi } from 'vitest';
import { type Line, span, type Tone } from '../../src/console/line.ts';
import { StandIns } from '../../src/console/stand-ins.ts';
import { Lines, Prompt, StandInsContext, styled } from '../../src/console/styled.tsx';

// Before chalk is loaded.
vi.hoisted(() => {
  process.env['FORCE_COLOR'] = '1';
});

const clear: (() => void)[] = [];
afterEach(() => {
  for (const unmount of clear.splice(0)) {
    unmount();
  }
});
function show(element: Parameters<typeof render>[0]) {
  const instance = render(element);
  clear.push(instance.unmount);
  return instance;
}

test('gives every tone but the plain one a style of its own, which ends with the text', () => {
  const tones: Tone[] = ['dim', 'strong', 'accent', 'good', 'warn', 'bad', 'alarm', 'selected'];
  const texts = tones.map((tone) => styled([span('x', tone), span('y')]));
  expect(new Set(texts).size).toBe(tones.length);
  for (const text of texts) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what a style looks like
    expect(text).toMatch(/^(\x1b\[\d+m)+x(\x1b\[\d+m)+y$/);
  }
  expect(styled([span('x')])).toBe('x');
});

test('obeys no escape sequence in a text', () => {
  expect(styled([{ text: 'a\x1b[2Jb\x9b', tone: 'plain' }])).not.toMatch(/\p{Cc}/u);
});

const lines: Line[] = [[span('one', 'good'), span(' 1')], [], [span('three')]];

test('shows lines one below the other', () => {
  expect(show(<Lines lines={lines} />).lastFrame()).toBe('\x1b[32mone\x1b[39m 1\n\nthree');
  expect(show(<Lines lines={[]} />).lastFrame()).toBe('');
});

test('has Ink keep none of the texts that it shows', () => {
  const standIns = new StandIns();
  const { lastFrame } = show(
    <StandInsContext value={standIns}>
      <Lines lines={lines} width={8} />
    </StandInsContext>,
  );
  expect(lastFrame()).not.toContain('one');
  expect(standIns.complete(lastFrame() ?? '', 10)).toEqual(['\x1b[32mone\x1b[39m 1', '', 'three']);
});

test('shows the cursor in the line, and a part of a line that is too long', () => {
  const prompt = (line: string, cursor: number) => (
    <Prompt line={line} cursor={cursor} version={0} width={6} onTyped={() => undefined} />
  );
  const { lastFrame, rerender } = show(prompt('abc', 1));
  expect(lastFrame()).toBe('a\x1b[7mb\x1b[27mc');
  rerender(prompt('abcdefgh', 8));
  expect(lastFrame()).toBe('defgh\x1b[7m \x1b[27m');
});

/** Waits until the passive effects of the picture have run, as the terminal does. */
function Settled({ round, onRest }: { round: number; onRest(round: number): void }) {
  useEffect(() => onRest(round), [round, onRest]);
  return null;
}

test('types where the owner has put the cursor', async () => {
  let line = 'hello world';
  let cursor = 5;
  let version = 0;
  const waiting: (() => void)[] = [];
  let round = 0;
  const element = () => (
    <>
      <Prompt
        line={line}
        cursor={cursor}
        version={version}
        width={40}
        onTyped={(value) => {
          cursor += value.length - line.length;
          line = value;
        }}
      />
      <Settled round={round} onRest={() => waiting.shift()?.()} />
    </>
  );
  const { rerender, stdin } = show(element());
  const settle = async () => {
    for (let i = 0; i < 3; i++) {
      round += 1;
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        rerender(element());
      });
    }
  };
  await settle();
  stdin.write(',');
  await settle();
  expect(line).toBe('hello, world');
  line = 'abcd';
  cursor = 1;
  version += 1;
  await settle();
  stdin.write('\x7f');
  await settle();
  stdin.write('X');
  await settle();
  expect(line).toBe('Xbcd');
});
