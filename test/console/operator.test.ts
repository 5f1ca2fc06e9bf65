import { describe, expect, it, test } from 'vitest';
import { asciiGlyphs } from '../../src/console/glyphs.ts';
import type { ScriptState } from '../../src/console/state.ts';
import { Desk, keyEvent } from './desk.ts';
import { exampleLink } from './snapshots.ts';

const three = { letters: ['a', 'b', 'c'] } as const;
const playing: ScriptState = { lines: [], step: 1, steps: 8, status: 'playing' };

describe('a command', () => {
  it('is echoed, sent once, remembered, and answered below', () => {
    const desk = Desk.attached().run('print stats');
    expect(desk.sent).toEqual(['a: print stats']);
    expect(desk.effects).toContainEqual({ kind: 'remember', letter: 'a', line: 'print stats' });
    expect(desk.line).toBe('');
    desk.hear('a', { kind: 'answer', id: 1, answer: { lines: ['Number of votes: 3'], ok: true } });
    expect(desk.text).toMatch(/03:00:00 #> print stats[^#]*Number of votes: 3/);
  });

  it('is neither sent nor remembered where there is none', () => {
    const desk = Desk.attached().run('').run('   ');
    expect(desk.everything.filter(({ kind }) => kind !== 'rows' && kind !== 'feed')).toEqual([]);
  });

  it('is remembered once where it is given again and again', () => {
    const desk = Desk.attached().run('help').run('help');
    expect(desk.allSent).toEqual(['a: help', 'a: help']);
    expect(desk.everything.filter(({ kind }) => kind === 'remember')).toHaveLength(1);
  });

  it('is not sent where nobody would hear it, and that is said', () => {
    const desk = new Desk().run('flush tally');
    expect(desk.allSent).toEqual([]);
    expect(desk.text).toContain('Not sent: still waiting for server a.');
    desk.hear('a', { kind: 'contact', contact: { kind: 'refused', reason: 'it has 32 consoles' } });
    expect(desk.run('flush tally').text).toContain('Not sent: it has 32 consoles.');
    for (const kind of ['gone', 'stopped'] as const) {
      desk.hear('a', { kind: 'contact', contact: { kind, reason: 'x' } });
      expect(desk.run('flush tally').text).toContain('Server a does not run.');
    }
    expect(desk.allSent).toEqual([]);
  });

  it('waits for no more than eight answers', () => {
    const desk = Desk.attached();
    for (let count = 0; count < 9; count += 1) {
      desk.run('print stats');
    }
    expect(desk.allSent).toHaveLength(8);
    expect(desk.text).toContain('8 commands wait for their answers');
    expect(desk.text).toContain('8 under way');
    desk.hear('a', { kind: 'answer', id: 3, answer: { lines: [], ok: true } }).run('help');
    expect(desk.sent).toEqual(['a: help']);
  });

  it('shows its answer, wherever the reader was and whatever was filtered', () => {
    const desk = Desk.attached();
    for (let count = 0; count < 30; count += 1) {
      desk.hear('a', {
        kind: 'notices',
        notices: [{ at: desk.now, level: 'info', text: `line ${count}` }],
        isRetold: false,
      });
    }
    desk.press('Esc', '4', '/').type('line 1').press('Enter', 'PgUp', ':').run('print stats');
    desk.hear('a', { kind: 'answer', id: 1, answer: { lines: ['Votes: 3'], ok: true } });
    expect(desk.text).toContain('Votes: 3');
    expect(desk.active.transcript.place).toBeNull();
  });

  it('can be given by keys', () => {
    expect(Desk.attached().press('Esc', 'p').sent).toEqual(['a: print tally']);
    expect(Desk.attached().press('Esc', 'f').sent).toEqual(['a: flush tally']);
  });

  it('is completed as far as it goes, and then all that fit are told', () => {
    const desk = Desk.attached().type('pr').press('Tab');
    expect(desk.line).toBe('print ');
    expect(desk.type('ta').press('Tab').footer).toBe(
      ' print tables | print tally | print tally --force',
    );
    expect(desk.line).toBe('print ta');
  });
});

describe('stop', () => {
  it.for(['stop', 'quit', 'EXIT', ' halt ', 'stop --yes', 'Stop  --Yes'])(
    'is asked about before it is sent, spelled %j',
    (line) => {
      const desk = Desk.attached().run(line);
      expect(desk.allSent).toEqual([]);
      expect(desk.text).toContain('Stop server a?');
      expect(desk.footer).toBe(' Enter confirm | Esc cancel');
      expect(desk.press('a', 'Enter').sent).toEqual(['a: stop']);
      expect(desk.text).not.toContain('Stop server a?');
    },
  );

  it('is not sent by Enter alone, nor by another letter', () => {
    const desk = Desk.attached(three).press('Esc', 's', 'Enter');
    expect(desk.footer).toBe(' Not stopped.');
    desk.press('s', 'b', 'Enter');
    expect(desk.footer).toBe(' Not stopped: "b" is not a.');
    desk.press('s').type('aa').press('Enter');
    expect(desk.footer).toContain('Not stopped');
    expect(desk.allSent).toEqual([]);
  });

  it('can be taken back by Escape and Ctrl-C, and its letter by Backspace', () => {
    for (const key of ['Esc', 'Ctrl-C']) {
      const desk = Desk.attached().press('Esc', 's', 'a', key);
      expect(desk.text).not.toContain('Stop server');
      expect(desk.press('Enter').allSent).toEqual([]);
    }
    const desk = Desk.attached().press('Esc', 's').type('ba');
    desk.event({ kind: 'input', event: keyEvent('backspace') });
    desk.event({ kind: 'input', event: keyEvent('backspace') });
    expect(desk.press('A', 'Enter').sent).toEqual(['a: stop']);
  });

  it('takes no paste for an answer', () => {
    const desk = Desk.attached().press('Esc', 's').paste('a\n').press('Enter');
    expect(desk.allSent).toEqual([]);
    expect(desk.footer).toBe(' Not stopped.');
  });

  it('is of the server whose console has the keyboard', () => {
    const desk = Desk.attached({ ...three, columns: 160, rows: 45 }).press('Esc', ']', 's');
    expect(desk.text).toContain('Stop server b?');
    expect(desk.press('b', 'Enter').sent).toEqual(['b: stop']);
  });

  it('is not asked about where there is nothing to stop', () => {
    const desk = new Desk().hear('a', { kind: 'contact', contact: { kind: 'absent' } });
    expect(desk.press('Esc', 's').footer).toBe(' Server a does not run.');
    expect(desk.press('Enter').run('stop').text).not.toContain('Stop server');
  });

  it('fits the smallest screen with all it asks', () => {
    const desk = Desk.attached({ columns: 40, rows: 12 }).run('stop');
    expect(desk.text).toContain('Stop server a?');
    expect(desk.text.replaceAll(/[\s┃]+/g, ' ')).toContain('Enter alone cancels');
    expect(desk.press('a').text).toContain('▸ a_');
  });
});

describe('Ctrl-C', () => {
  it('clears what is typed, and only then asks to be pressed again', () => {
    const desk = Desk.attached().type('flush').press('Ctrl-C');
    expect(desk.line).toBe('');
    expect(desk.press('Ctrl-C').footer).toContain('Ctrl-C again to stop server a');
    expect(desk.wait(1_900).press('Ctrl-C').text).toContain('Stop server a?');
    expect(desk.allSent).toEqual([]);
  });

  it('asks nothing where the second one comes late, or the clock was set back', () => {
    for (const ms of [2_001, -3_600_000]) {
      const desk = Desk.attached().press('Ctrl-C').wait(ms).press('Ctrl-C');
      expect(desk.text).not.toContain('Stop server');
      expect(desk.footer).toContain('Ctrl-C again');
    }
  });

  it('leaves where there is no server to stop, and asks first where leaving ends more', () => {
    const off = new Desk().press('Ctrl-C');
    expect(off.footer).toBe(' Ctrl-C again to leave');
    expect(off.press('Ctrl-C').effects).toEqual([{ kind: 'leave' }]);
    const demo = Desk.attached({ leaving: 'The servers stop. Leave? y or n' });
    demo.press('Ctrl-C', 'Ctrl-C');
    expect(demo.text).toContain('Leave? y or n');
    expect(demo.press('Ctrl-C').text).not.toContain('Leave? y or n');
    expect(demo.effects).toEqual([]);
  });

  it('closes help and filter', () => {
    const desk = Desk.attached().press('?');
    expect(desk.text).toContain('Help');
    expect(desk.press('Ctrl-C').text).not.toContain('At the prompt');
    desk.press('Esc', '/').type('x').press('Ctrl-C');
    expect(desk.active.views.scheduler.filter).toBe('');
  });
});

describe('leaving', () => {
  it.for(['d', 'Ctrl-D', 'detach'])('by %s leaves the server alone', (how) => {
    const desk = Desk.attached();
    const left =
      how === 'd' ? desk.press('Esc', 'd') : how === 'detach' ? desk.run(how) : desk.press(how);
    expect(left.effects).toContainEqual({ kind: 'leave' });
    expect(left.allSent).toEqual([]);
  });

  it('is asked about where it ends more than the console', () => {
    const desk = Desk.attached({ leaving: 'The servers stop with it. Leave? y or n' }).run(
      'detach',
    );
    expect(desk.text).toContain('The servers stop with it.');
    for (const key of ['Enter', 'x', 'Y']) {
      expect(desk.press(key).effects).toEqual([]);
    }
    expect(desk.press('n').text).not.toContain('The servers stop with it.');
    expect(desk.press('Ctrl-D', 'y').effects).toEqual([{ kind: 'leave' }]);
  });

  it('does not happen by one Delete too many, nor by Ctrl-D on a line', () => {
    const desk = Desk.attached().type('x').press('Ctrl-A', 'Ctrl-D');
    desk.event({ kind: 'input', event: keyEvent('delete') });
    expect(desk.everything).not.toContainEqual({ kind: 'leave' });
    expect(desk.line).toBe('');
  });
});

describe('a paste', () => {
  it('runs complete lines, and leaves the rest at the prompt', () => {
    const desk = Desk.attached().paste('print stats\nprint\tqueue\n\nprint ta');
    expect(desk.sent).toEqual(['a: print stats', 'a: print queue']);
    expect(desk.line).toBe('print ta');
  });

  it('goes on from what is typed, at the cursor', () => {
    const desk = Desk.attached().type('int stats').press('Ctrl-A').paste('pr');
    expect(desk.line).toBe('print stats');
    expect(desk.sent).toEqual([]);
  });

  it('brings the panes to the prompt', () => {
    expect(Desk.attached().press('Esc').paste('help\n').sent).toEqual(['a: help']);
  });

  it('ends at a question, and says what was not run', () => {
    const desk = Desk.attached().paste('print stats\nstop\na\nflush tally\n');
    expect(desk.sent).toEqual(['a: print stats']);
    expect(desk.text).toContain('Stop server a?');
    expect(desk.footer).toBe(' Not run: what was pasted after "stop".');
    expect(desk.press('Enter').allSent).toEqual(['a: print stats']);
    const last = Desk.attached().paste('print stats\nstop\n');
    expect(last.footer).toBe(' Enter confirm | Esc cancel');
  });

  it('ends where the console is left', () => {
    const desk = Desk.attached().paste('detach\nflush tally\n');
    expect(desk.effects.map(({ kind }) => kind)).toEqual(['remember', 'leave']);
  });

  it('is run whole or not at all', () => {
    expect(Desk.attached().paste('help\n'.repeat(8)).sent).toHaveLength(8);
    const desk = Desk.attached().paste('help\n'.repeat(9));
    expect(desk.sent).toEqual([]);
    expect(desk.footer).toBe(' Not pasted: 9 commands. At most 8 are run at a time.');
    const long = Desk.attached()
      .type('x')
      .paste(`help\n${'x'.repeat(501)}`);
    expect(long.sent).toEqual([]);
    expect(long.line).toBe('x');
    expect(long.footer).toBe(' Not pasted: a line of more than 500 characters.');
    expect(Desk.attached().paste('y'.repeat(500)).line).toHaveLength(500);
  });

  it('into a filter is its first line', () => {
    const desk = Desk.attached().press('Esc', '/').paste('waiting\nstop\n');
    expect(desk.active.views.scheduler.filter).toBe('waiting');
    expect(desk.allSent).toEqual([]);
  });

  it('into help, a question or the walk-through does nothing', () => {
    for (const desk of [
      Desk.attached().press('?'),
      Desk.attached({ leaving: 'Leave?' }).press('Ctrl-D'),
      Desk.attached({ script: playing }),
    ]) {
      const before = desk.wall;
      expect({ ...desk.paste('y\nflush tally\n').wall, toast: before.toast }).toEqual(before);
      expect(desk.sent).toEqual([]);
    }
  });
});

describe('the prompt', () => {
  it('says when a line is full, and takes nothing away from it', () => {
    const desk = Desk.attached().paste('x'.repeat(500)).type('y');
    expect(desk.line).toBe('x'.repeat(500));
    expect(desk.footer).toBe(' No room for more on this line.');
  });

  it('offers the help while nothing is typed, and types ? afterwards', () => {
    const desk = Desk.attached();
    expect(desk.footer).toContain('? help');
    expect(desk.type('why?').line).toBe('why?');
    expect(desk.footer).not.toContain('help');
    expect(desk.press('Ctrl-U', '?').text).toContain('At the prompt');
  });

  it('is each its own on a wall, also what it remembers', () => {
    const desk = Desk.attached({ ...three, columns: 160, rows: 45 }).type('to a');
    desk.event({ kind: 'input', event: keyEvent('right', { ctrl: true }) }).type('help');
    expect(desk.wall.consoles.map(({ prompt }) => prompt.line)).toEqual(['to a', 'help', '']);
    expect(desk.press('Enter').sent).toEqual(['b: help']);
    expect(desk.wall.consoles.map(({ prompt }) => prompt.history)).toEqual([[], ['help'], []]);
    desk.event({ kind: 'input', event: keyEvent('left', { ctrl: true }) });
    desk.event({ kind: 'input', event: keyEvent('left', { ctrl: true }) });
    expect(desk.active.letter).toBe('c');
    // Of all three, what is typed can be seen.
    expect(desk.text).toContain('#> to a');
  });

  it('is seen whenever it has the keyboard, zoomed or at any size', () => {
    for (const [columns, rows] of [
      [40, 12],
      [53, 40],
      [80, 24],
      [120, 40],
    ] as const) {
      for (const pane of ['1', '2', '3', '4']) {
        for (const zoom of [[], ['z']]) {
          const desk = Desk.attached({ columns, rows }).press('Esc', pane, ...zoom, ':');
          expect(desk.type('flush').text).toContain('#> flush');
          expect(desk.picture.input).not.toBeNull();
          desk.press('Esc');
          expect(desk.picture.input).toBeNull();
        }
      }
    }
  });
});

describe('the panes', () => {
  it('are focused by number and by Tab, in both directions', () => {
    const desk = Desk.attached().press('Esc', '1');
    const seen = ['Tab', 'Tab', 'Tab', 'Tab', 'Shift-Tab'].map((key) => desk.press(key).wall.focus);
    expect(seen).toEqual(['scheduler', 'tables', 'commands', 'peers', 'commands']);
    expect(desk.press('3').wall.focus).toBe('tables');
  });

  it('scroll as far as there is something, and no further', () => {
    const desk = Desk.attached({ columns: 80, rows: 16 }).press('Esc', '3');
    desk.press('G');
    const end = desk.active.views.tables.scroll;
    expect(end).toBeGreaterThan(0);
    expect(desk.press('j', 'PgDn', 'G').active.views.tables.scroll).toBe(end);
    expect(desk.press('k').active.views.tables.scroll).toBe(end - 1);
    expect(desk.press('g', 'k', 'PgUp').active.views.tables.scroll).toBe(0);
  });

  it('show only what passes a filter, until it is empty again', () => {
    const desk = Desk.attached().press('Esc', '2', '/').type('incomplete');
    expect(desk.footer).toContain('/incomplete');
    expect(desk.press('Enter').text).not.toContain('7f3a09c1');
    expect(desk.text).toContain('19c04be2');
    expect(desk.press('/', 'Ctrl-U', 'Enter').text).toContain('7f3a09c1');
    desk.press('/').type('x').press('Esc');
    expect(desk.active.views.scheduler.filter).toBe('');
  });

  it('say that lines are filtered, however long the filter and narrow the screen', () => {
    const desk = Desk.attached({ columns: 40, rows: 12 }).press('Esc', '4', '/');
    desk.type('no line has this text').press('Enter');
    expect(desk.text).toContain('/no line has…');
  });

  it('turn to the rows of another table, and ask for them', () => {
    const desk = Desk.attached().press('Esc', 't');
    expect(desk.effects).toEqual([{ kind: 'rows', letter: 'a', table: 'tally_share' }]);
    expect(desk.wall.focus).toBe('tables');
    expect(desk.press('T', 'T').active.table).toBe('voter');
    expect(new Desk().press('Esc', 't', 'T').active.table).toBe('pool');
  });

  it('copy the last print, or say that there is none', () => {
    const desk = Desk.attached().press('Esc', 'y');
    expect(desk.footer).toContain('Nothing is printed yet');
    const lines = ['Number of votes: 3', 'Tally: [1, 2]'];
    desk.press('p').hear('a', { kind: 'answer', id: 1, answer: { lines, ok: true } });
    expect(desk.press('y').effects).toEqual([{ kind: 'copy', letter: 'a', lines }]);
  });

  it('hold still until the next key', () => {
    const desk = Desk.attached().press('Esc', 'Space');
    expect(desk.wall.frozen).toBe(true);
    expect(desk.footer).toBe(' FROZEN  any key goes on');
    expect(desk.press('Space').wall.frozen).toBe(false);
    expect(desk.press('Space', 'j').wall.frozen).toBe(false);
  });

  it('mean nothing by keys that are not bound', () => {
    const desk = Desk.attached().press('Esc');
    const before = desk.wall;
    expect(desk.press('q', 'B', '9', 'Ctrl-A', 'Ctrl-B', 'Ctrl-U').wall).toEqual(before);
  });
});

describe('the help', () => {
  it('scrolls by lines and pages, and back at once from its end', () => {
    const desk = Desk.attached().press('Esc', '?');
    const first = desk.text;
    for (let page = 0; page < 20; page += 1) {
      desk.press('PgDn');
    }
    const end = desk.text;
    expect(end).not.toBe(first);
    expect(end).toContain('Ctrl-Z');
    expect(desk.press('k').text).not.toBe(end);
    expect(desk.press('j', 'j').text).toBe(end);
    for (let page = 0; page < 20; page += 1) {
      desk.press('PgUp');
    }
    expect(desk.text).toBe(first);
    expect(desk.press('q').text).not.toContain('At the prompt');
  });
});

describe('a screen that is too small', () => {
  it('shows a line of words, and takes no key but those that bring the picture back', () => {
    const desk = Desk.attached({ columns: 39, rows: 11 });
    expect(desk.header).toMatch(/^a READY .*needs 40x12/);
    const before = desk.wall;
    desk.type('stop').press('Enter', 'Ctrl-C', 'Ctrl-C', 'Ctrl-D').paste('flush tally\n');
    expect(desk.wall).toEqual(before);
    expect(desk.everything.filter(({ kind }) => kind !== 'rows')).toEqual([]);
    expect(desk.press('Ctrl-L').effects).toEqual([{ kind: 'repaint' }]);
    expect(desk.press('Ctrl-Z').effects).toEqual([{ kind: 'suspend' }]);
    expect(desk.resize(80, 24).type('x').line).toBe('x');
  });
});

describe('a picture', () => {
  it('says that it is stale where the server says nothing for more than three seconds', () => {
    const desk = Desk.attached();
    expect(desk.wait(2_900).header).toMatch(/^a READY/);
    expect(desk.wait(5_100).header).toBe('a STALE   no word for 8.0 s');
    expect(desk.text).toContain('as of 03:00:00');
    expect(desk.snapshot('a').header).toMatch(/^a READY/);
    expect(desk.text).not.toContain('as of');
  });

  it('is as stale where the clock was set back, and not for long', () => {
    const desk = Desk.attached().wait(-3_600_000);
    expect(desk.header).toMatch(/^a STALE/);
    expect(desk.snapshot('a').header).toMatch(/^a READY.*up 00:14:07/);
  });

  it('counts no time down where the clock was set back a little', () => {
    expect(Desk.attached().wait(-2_000).header).toMatch(/up 00:14:07/);
  });

  test.for([
    [{ kind: 'connecting' }, 'a CONNECTING'],
    [{ kind: 'absent' }, 'a OFF   server a does not run'],
    [{ kind: 'refused', reason: 'it has 32 consoles' }, 'a REFUSED   it has 32 consoles'],
    [{ kind: 'stopped', reason: 'server a has stopped' }, 'a STOPPED   server a has stopped'],
    [{ kind: 'gone', reason: 'the server is gone' }, 'a GONE   the server is gone'],
  ] as const)('has a word for $0.kind', ([contact, header]) => {
    expect(new Desk().hear('a', { kind: 'contact', contact }).header).toBe(header);
    const desk = Desk.attached().hear('a', { kind: 'contact', contact });
    // An alarm stands below the header, and its sign in it where there is no row for it.
    expect(desk.header).toBe(header);
    expect(desk.text).toContain('as of 03:00:00');
  });

  it('says CONNECTING where the connection is there and nothing was ever shown', () => {
    const desk = new Desk().hear('a', { kind: 'contact', contact: { kind: 'attached' } });
    expect(desk.wait(9_000).header).toBe('a CONNECTING');
  });

  it('takes any title and any reason', () => {
    const desk = Desk.attached({ columns: 60, rows: 44 });
    const reason = '\u001b[2J\u202e'.repeat(3) + 'because '.repeat(250);
    desk.snapshot('a', {
      title: '\u001b]0;x\u0007\n汉字',
      reason,
      links: [exampleLink(), exampleLink({ server: 'c', state: 'waiting', reason })],
      uptimeMs: 60_000,
    });
    expect(desk.text.includes('\u001b') || desk.text.includes('\u202e')).toBe(false);
    expect(desk.screen[1]).toMatch(/^ ALARM [\d:]+ server c is DOWN: .*… {2}Esc a seen $/);
    desk.glyphs = asciiGlyphs;
    expect(desk.screen[1]).toMatch(/~ {2}Esc a seen $/);
  });

  it('cuts no word of the footer without a sign', () => {
    const desk = Desk.attached({ columns: 40, rows: 12 });
    desk.event({ kind: 'toast', text: 'Not run: '.repeat(20) });
    expect(desk.footer).toHaveLength(40);
    expect(desk.footer.endsWith('…')).toBe(true);
    expect(desk.wait(5_000).footer).toContain('Enter run');
    desk.event({ kind: 'toast', text: 'Copied.' });
    expect(desk.wait(-3_600_000).footer).toContain('Enter run');
  });
});

describe('alarms', () => {
  const alarm = (text: string, at: number) =>
    ({
      kind: 'notices',
      notices: [{ at, level: 'alarm', text }],
      isRetold: false,
    }) as const;

  it('stay until a says that they are seen, and that is kept by the server clock', () => {
    const desk = Desk.attached();
    desk.hear('a', alarm('forced release', desk.now - 60_000));
    expect(desk.effects).toEqual([{ kind: 'bell' }]);
    expect(desk.text).toContain('ALARM 02:59:00 forced release');
    expect(desk.press('Esc', 'a').effects).toEqual([
      { kind: 'seen', letter: 'a', at: desk.now - 60_000 },
    ]);
    expect(desk.screen[1]).not.toContain('ALARM');
  });

  it('are marked seen without a time where no notice was ever heard', () => {
    const desk = new Desk();
    desk.hear('a', { kind: 'contact', contact: { kind: 'gone', reason: 'x' } });
    desk.wall = {
      ...desk.wall,
      consoles: desk.wall.consoles.map((one) => ({ ...one, seenAt: 77 })),
    };
    expect(desk.press('Esc', 'a').effects).toEqual([{ kind: 'seen', letter: 'a', at: 77 }]);
  });

  it('are of one server with a, and of all with A, as each bar says', () => {
    const desk = Desk.attached({ ...three, columns: 160, rows: 45 }).press('Esc');
    for (const letter of ['a', 'b', 'c'] as const) {
      desk.hear(letter, alarm(`alarm of ${letter}`, desk.now));
    }
    expect(desk.screen[1]).toMatch(
      /alarm of a +a seen +ALARM.*alarm of b +A seen .*alarm of c +A seen/,
    );
    desk.press('a');
    expect(desk.screen[1]).not.toContain('alarm of a');
    expect(desk.screen[1]).toContain('alarm of b');
    desk.press('A');
    expect(desk.screen[1]).not.toContain('alarm of');
    expect(desk.effects.map((effect) => 'letter' in effect && effect.letter)).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  it('of servers that are not shown are counted in the strip', () => {
    const desk = Desk.attached({ ...three, columns: 80, rows: 24 });
    desk.hear('c', alarm('forced', desk.now)).hear('c', alarm('TAMPERING', desk.now));
    expect(desk.screen[0]).toMatch(/b READY.*c READY.* 2 alarms /);
  });

  it('name no key that the walk-through has', () => {
    const desk = Desk.attached({ script: playing });
    desk.hear('a', alarm('forced', desk.now));
    expect(desk.screen[1]).toMatch(/ALARM .*forced +$/);
  });
});

describe('the walk-through', () => {
  it('has the keyboard while it plays, and gives it back', () => {
    const desk = Desk.attached({ ...three, script: playing, columns: 160, rows: 45 });
    expect(desk.footer).toBe(' Space pause | Enter next | Esc take the keyboard');
    expect(desk.press('Space').effects).toEqual([{ kind: 'script', wish: 'pause' }]);
    desk.event({ kind: 'script', script: { ...playing, status: 'paused' } });
    expect(desk.press('Space').effects).toEqual([{ kind: 'script', wish: 'go-on' }]);
    expect(desk.press('Enter').effects).toEqual([{ kind: 'script', wish: 'next' }]);
    for (const key of ['Esc', 'Ctrl-C']) {
      expect(desk.press(key).effects).toEqual([{ kind: 'script', wish: 'end' }]);
    }
    expect(desk.type('stop').line).toBe('');
    for (const status of ['ended', 'done', 'failed'] as const) {
      desk.event({ kind: 'script', script: { ...playing, status } });
      expect(desk.type('x').line).toContain('x');
    }
  });

  it('types where one sees it, and runs what it has typed', () => {
    const desk = Desk.attached({ ...three, script: playing });
    desk.event({ kind: 'script-types', letter: 'b', line: 'print t' });
    expect(desk.active.letter).toBe('b');
    expect(desk.text).toContain('#> print t');
    desk.event({ kind: 'script-types', letter: 'b', line: 'print tally' });
    expect(desk.event({ kind: 'script-runs', letter: 'b' }).sent).toEqual(['b: print tally']);
    expect(desk.line).toBe('');
  });

  it('can be put away once it is over', () => {
    const over = { ...playing, status: 'done' } as const;
    const desk = Desk.attached({ ...three, script: over, columns: 160, rows: 45 });
    expect(desk.text).toContain('Walk-through');
    expect(desk.press('Esc', 'x').text).not.toContain('Walk-through');
  });
});
