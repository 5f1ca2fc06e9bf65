import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Program } from '../support/running-program.ts';
import { isAlive, type Letter, letters, pidIn, Servers } from '../support/servers.ts';

let servers: Servers;
beforeEach(async () => {
  servers = await Servers.setUp({ minRelease: 10 });
});
afterEach(() => servers.end());

/** A server with its console, line by line, as on a terminal of its own. */
class Console {
  readonly program: Program;
  #read = 0;

  constructor(letter: Letter) {
    this.program = servers.run(['server', letter], { input: null });
  }

  /** Types a command; the answer is everything up to the next prompt. */
  async ask(command: string, answer: RegExp): Promise<string> {
    this.#read = this.program.stdout.length;
    this.program.type(command);
    await this.program.says(answer, this.#read);
    return this.program.stdout.slice(this.#read);
  }
}

async function openAll(): Promise<Record<Letter, Console>> {
  const consoles = { a: new Console('a'), b: new Console('b'), c: new Console('c') };
  for (const letter of letters) {
    const { program } = consoles[letter];
    await program.says(/^#> /m);
    await program.says(/^Connecter closed$/m);
  }
  await servers.linked();
  return consoles;
}

const printed = /Number of votes: \d+\nTally: \[.*\]\n.*\n/;

test('157 voters vote yes: start-up, casting, three lists, and the tally that they recombine to', async () => {
  const consoles = await openAll();
  const lines = (letter: Letter) => consoles[letter].program.stdout.split('\n');
  // Of two servers the one with the lower letter dials.
  expect(lines('a').filter((line) => line.startsWith('Connected'))).toHaveLength(2);
  expect(lines('b').filter((line) => line.startsWith('Connected'))).toHaveLength(1);
  expect(lines('b').filter((line) => line.startsWith('Listen Connected'))).toHaveLength(1);
  expect(lines('c').filter((line) => line.startsWith('Listen Connected'))).toHaveLength(2);
  for (const [letter, peers] of [
    ['a', [2, 3]],
    ['b', [1, 3]],
    ['c', [1, 2]],
  ] as const) {
    for (const peer of peers) {
      expect(lines(letter)).toContain(`scheduler: Server ${peer} is connected`);
    }
  }

  const client = servers.run(['client', 'many', '4000', '157'], { input: 'y\n' });
  const cast = await client.ended;
  expect(cast.stdout).toBe(
    'Please enter your vote for 157 voters (y/n): \nCast 157 of 157 ballots\n',
  );
  expect(cast.code).toBe(0);
  for (const letter of letters) {
    await servers.waitFor('157 votes', async () => (await servers.votes(letter)) === 157);
  }

  const blocks: string[] = [];
  for (const letter of letters) {
    const answer = await consoles[letter].ask('print tally', printed);
    expect(answer).toContain('Number of votes: 157\n');
    const list: unknown = JSON.parse(/^Tally: (\[.*\])$/m.exec(answer)?.[1] ?? 'null');
    expect(list).toHaveLength(6);
    for (const number of list as number[]) {
      expect([...Array(16).keys()]).toContain(number);
    }
    blocks.push(answer);
  }
  const pasted = servers.run(['client', 'tally', '--paste'], { input: blocks.join('') });
  expect(await pasted.ended).toEqual({ code: 0, stdout: 'Tally is 157\n', stderr: '' });
  const asked = await servers.client('tally');
  expect(asked.stdout).toMatch(/\nNumber of votes: 157\nTally is 157\n$/);
  expect(asked.code).toBe(0);

  for (const flushed of [['b'], ['a', 'c'], letters] as const) {
    const answers = await Promise.all(
      flushed.map((letter) => consoles[letter].ask('flush tally', /^Flushed.*$/m)),
    );
    for (const answer of answers) {
      expect(answer).toMatch(/^Flushed: 157 ballots tallied, 0 waiting$/m);
    }
    for (const letter of letters) {
      const answer = await consoles[letter].ask('print tally', printed);
      expect(answer).toContain('Number of votes: 157\n');
    }
    expect(await servers.tally()).toEqual({ votes: 157, tally: 157 });
  }
});

test('a console: the nearest command, the end of stdin, and all ways to stop', async () => {
  const consoles = await openAll();
  const answer = await consoles.b.ask('flsh tally', /^Unknown command.*$/m);
  expect(answer).toContain('Unknown command "flsh tally". Did you mean "flush tally"?');
  await servers.done('client', 'many', '1', '20', '--vote', 'y');
  await servers.flush('a');

  // The end of stdin leaves server and console as they are.
  consoles.a.program.endInput();
  await consoles.b.ask('print stats', /^Memory.*$/m);
  expect(await servers.votes('a')).toBe(20);
  expect(consoles.a.program.isRunning).toBe(true);

  const pids = new Map(letters.map((letter) => [letter, pidIn(servers.directory(letter))]));
  consoles.b.program.type('stop');
  consoles.c.program.type('quit');
  consoles.a.program.signal('SIGTERM');
  for (const letter of letters) {
    const { program } = consoles[letter];
    expect(await program.ended, program.transcript()).toMatchObject({ code: 0, stderr: '' });
    expect(program.stdout).toContain(`Server ${letter} has stopped.`);
    expect(isAlive(pids.get(letter) ?? 0)).toBe(false);
  }

  const again = new Console('a');
  await again.program.says(/^#> /m);
  again.program.signal('SIGINT');
  expect(await again.program.ended).toMatchObject({ code: 0, stderr: '' });

  // Without a console, and as a service manager does it; nothing was forgotten meanwhile.
  await servers.startAll();
  expect(await servers.tally()).toEqual({ votes: 20, tally: 20 });
  servers.server('a').signal('SIGTERM');
  servers.server('b').signal('SIGINT');
  await servers.done('run', 'c', 'halt');
  for (const letter of letters) {
    expect(await servers.server(letter).ended).toMatchObject({ code: 0, stderr: '' });
  }
});

test('a console can be closed without its server, and another be attached', async () => {
  const started = new Console('a');
  await started.program.says(/^#> /m);
  const pid = pidIn(servers.directory('a'));
  started.program.signal('SIGKILL');
  await started.program.ended;
  expect(isAlive(pid)).toBe(true);

  const second = await servers.run(['server', 'a']).ended;
  expect(second.code).toBe(1);
  expect(second.stderr).toContain(`as process ${pid}`);

  const attached = servers.run(['console', 'a'], { input: 'print queue\n' });
  expect(await attached.ended).toMatchObject({ code: 0, stderr: '' });
  expect(attached.stdout).toContain('Nothing waits.');
  expect(attached.stdout).toContain('Fragment server a runs on.');
  await servers.done('run', 'a', 'stop');
  await servers.waitFor('the server to end', () => !isAlive(pid));
});
