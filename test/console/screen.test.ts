import { beforeEach, expect, test, vi } from 'vitest';
import { Screen } from '../../src/console/screen.ts';

const begin = '\x1b[?2026h';
const end = '\x1b[?2026l';
const leave = '\x1b[?2026l\x1b[0m\x1b[?2004l\x1b[?7h\x1b[?1049l\x1b[?25h';

class FakeOutput {
  columns = 10;
  rows = 3;
  sent: string[] = [];
  blocks: boolean[] = [];
  /** Bytes that it takes before it stops reading. */
  room = Number.POSITIVE_INFINITY;
  isGone = false;

  send(bytes: Uint8Array): number {
    if (this.isGone) {
      throw new Error('EIO');
    }
    const taken = Math.min(bytes.length, this.room);
    this.room -= taken;
    if (taken > 0) {
      this.sent.push(Buffer.from(bytes.subarray(0, taken)).toString());
    }
    return taken;
  }

  setBlocking(blocks: boolean): void {
    this.blocks.push(blocks);
  }
}

let output: FakeOutput;
let screen: Screen;

beforeEach(() => {
  vi.useFakeTimers();
  output = new FakeOutput();
  screen = new Screen(output);
  return () => vi.useRealTimers();
});

/** What is written once it draws. */
function drawn(frame?: string): string {
  if (frame !== undefined) {
    screen.write(frame);
  }
  vi.runAllTimers();
  return output.sent.splice(0).join('|');
}

test('enters and draws the first frame in one write, and every line of it', () => {
  screen.enter();
  expect(drawn('one\ntwo')).toBe(
    `\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h\x1b[2J${begin}` +
      `\x1b[1;1Hone\x1b[0m\x1b[K\x1b[2;1Htwo\x1b[0m\x1b[K\x1b[3;1H\x1b[0m\x1b[K${end}`,
  );
  expect(output.blocks).toEqual([false]);
});

test('writes only lines that changed, and nothing where none did', () => {
  screen.enter();
  drawn('one\ntwo');
  expect(drawn('one\n2')).toBe(`${begin}\x1b[2;1H2\x1b[0m\x1b[K${end}`);
  expect(drawn('one\n2')).toBe('');
  expect(drawn('one')).toBe(`${begin}\x1b[2;1H\x1b[0m\x1b[K${end}`);
});

test('does not erase behind a line that ends in the last column, and cuts what is wider', () => {
  screen.enter();
  drawn('');
  expect(drawn('0123456789\n\x1b[32m0123456789ab\x1b[39m\n012345678世')).toContain(
    `\x1b[1;1H0123456789\x1b[0m\x1b[2;1H\x1b[32m0123456789\x1b[39m\x1b[0m\x1b[3;1H012345678\x1b[0m\x1b[K${end}`,
  );
});

test('leaves out what is below the last row', () => {
  screen.enter();
  expect(drawn('1\n2\n3\nfour')).not.toContain('four');
});

test('shows only the newest frame of a turn', () => {
  screen.enter();
  drawn('one');
  screen.write('two');
  expect(drawn('three')).toBe(`${begin}\x1b[1;1Hthree\x1b[0m\x1b[K${end}`);
});

test('takes no notice of how Ink shows and hides the cursor, and calls back', () => {
  screen.enter();
  drawn('one');
  const done = vi.fn();
  screen.write('\x1b[?25h');
  screen.write('', done);
  expect(drawn()).toBe('');
  expect(done).toHaveBeenCalledOnce();
});

test('keeps the newest frame while the terminal does not read', () => {
  screen.enter();
  drawn('one\n-');
  output.room = 9;
  screen.write('two\n-');
  vi.advanceTimersByTime(500);
  for (const frame of ['three\n-', 'four\n4', 'five\n5']) {
    screen.write(frame);
    vi.advanceTimersByTime(500);
  }
  expect(output.sent.splice(0)).toEqual([begin + '\x1b'.slice(0, 1)]);
  output.room = Number.POSITIVE_INFINITY;
  vi.runAllTimers();
  expect(output.sent).toEqual([
    `[1;1Htwo\x1b[0m\x1b[K${end}`,
    `${begin}\x1b[1;1Hfive\x1b[0m\x1b[K\x1b[2;1H5\x1b[0m\x1b[K${end}`,
  ]);
});

test('writes every line again after another size, and nothing of a frame for the old one', () => {
  screen.enter();
  drawn('one\ntwo');
  const heard = vi.fn(() => screen.write('1\n2\n3\n4'));
  screen.on('resize', heard);
  screen.write('0123456789\ntwo');
  output.columns = 4;
  output.rows = 4;
  screen.resized();
  const written = drawn();
  expect(heard).toHaveBeenCalledOnce();
  expect(written).toBe(
    `${begin}${['1', '2', '3', '4'].map((line, y) => `\x1b[${y + 1};1H${line}\x1b[0m\x1b[K`).join('')}${end}`,
  );
});

test('shows no frame at all that was made for another size', () => {
  screen.enter();
  drawn('one\ntwo');
  screen.resized();
  expect(drawn()).toBe('');
  expect(drawn('one\ntwo')).toContain('\x1b[1;1Hone\x1b[0m\x1b[K\x1b[2;1Htwo');
});

test('paints everything again, without clearing', () => {
  screen.enter();
  drawn('one\ntwo');
  screen.repaint();
  expect(drawn()).toBe(
    `${begin}\x1b[1;1Hone\x1b[0m\x1b[K\x1b[2;1Htwo\x1b[0m\x1b[K\x1b[3;1H\x1b[0m\x1b[K${end}`,
  );
});

test('shows the cursor where it is told to, and never while it draws', () => {
  screen.enter();
  drawn('one');
  screen.setCursor({ x: 2, y: 1 });
  expect(drawn()).toBe(`${begin}\x1b[2;3H\x1b[?25h${end}`);
  expect(drawn()).toBe('');
  expect(drawn('two')).toBe(`${begin}\x1b[?25l\x1b[1;1Htwo\x1b[0m\x1b[K\x1b[2;3H\x1b[?25h${end}`);
  screen.setCursor(null);
  expect(drawn()).toBe(`${begin}\x1b[?25l${end}`);
  screen.setCursor({ x: 10, y: 0 });
  expect(drawn()).toBe('');
});

test('restores everything when it leaves, once, and draws nothing afterwards', () => {
  screen.enter();
  drawn('one');
  screen.write('two');
  screen.leave();
  screen.leave();
  screen.write('three');
  expect(drawn()).toBe(leave);
  expect(output.blocks).toEqual([false, true]);
});

test('draws the newest frame when it comes back', () => {
  screen.enter();
  screen.setCursor({ x: 0, y: 0 });
  drawn('one');
  screen.leave();
  drawn('two');
  screen.enter();
  const written = drawn();
  expect(written).toContain('\x1b[?1049h');
  expect(written).toContain('\x1b[1;1Htwo');
  expect(written).toContain('\x1b[1;1H\x1b[?25h');
});

test('gives up leaving a terminal that takes nothing, and does not finish an older frame on it', () => {
  vi.useRealTimers();
  screen.enter();
  output.room = 0;
  screen.write('one');
  screen.leave();
  expect(output.sent).toEqual([]);
  // Whoever writes next must not be held up by it.
  expect(output.blocks).toEqual([false]);
});

test('says once that the terminal is gone, and is quiet from then on', () => {
  const gone = vi.fn();
  screen.on('gone', gone);
  screen.enter();
  drawn('one');
  output.isGone = true;
  drawn('two');
  drawn('three');
  screen.leave();
  screen.enter();
  drawn('four');
  expect(gone).toHaveBeenCalledOnce();
});
