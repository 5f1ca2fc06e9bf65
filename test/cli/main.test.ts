import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { fribs } from '../support/program.ts';

const commands = [
  ...['setup', 'server', 'console', 'run', 'client', 'demo'],
  ...['verify', 'backup', 'restore'],
];

test('--version says the version and loads nothing for it', async () => {
  const file = path.resolve(import.meta.dirname, '..', '..', 'package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8'));
  const outcome = await fribs(['--version'], { env: { NODE_DEBUG: 'esm,module' } });
  expect(outcome).toMatchObject({ code: 0, stdout: `${version}\n` });
  expect(outcome.stderr).not.toContain('yargs');
});

describe('help', () => {
  test('lists the commands', async () => {
    const { code, stdout } = await fribs(['--help']);
    expect(code).toBe(0);
    for (const name of commands) {
      expect(stdout).toContain(`fribs ${name}`);
    }
  });

  test.each([
    'setup',
    'server',
    'console',
    'run',
    'client many',
    'client cast',
    'client tally',
    'demo',
    'verify',
    'backup',
    'restore',
  ])('of %s has examples', async (name) => {
    const { code, stdout, stderr } = await fribs([...name.split(' '), '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Examples:');
    expect(stdout).toContain(`fribs ${name} `);
  });

  test('is what no command at all gets, as a mistake', async () => {
    const { code, stdout, stderr } = await fribs([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('fribs setup');
  });
});

describe('mistakes', () => {
  test.each([
    [['sevrer'], 'Did you mean server?'],
    [['frobnicate'], 'frobnicate'],
    [['setup', '--prots', '1'], 'prots'],
    [['server', 'd'], 'a, b and c'],
    [['run', 'a'], 'Not enough'],
    [['run', 'a', 'print tally', '--timeout', 'soon'], '--timeout'],
    [['run', 'a', 'print\ntally'], 'one line'],
    [['server', 'a', '--pool-delay-ms', '-1'], '--pool-delay-ms'],
    [['server', 'a', '--listen', 'nowhere'], '--listen'],
    [['setup', '--dir', ''], '--dir'],
  ])('%j are named on stderr, exit code 2', async (args, reason) => {
    const { code, stdout, stderr } = await fribs(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(reason);
    expect(stderr).not.toContain('    at ');
  });

  test('have a stack only for who asks for it', async () => {
    const { code, stderr } = await fribs(['server', 'd'], { env: { FRIBS_DEBUG: '1' } });
    expect(code).toBe(2);
    expect(stderr).toContain('    at ');
  });

  test.each(['server', 'console'])('%s where nothing was set up says so', async (command) => {
    const { code, stderr } = await fribs([command, 'a', '--dir', path.join('no', 'such')]);
    expect(code).toBe(1);
    expect(stderr).toContain('fribs setup');
  });
});

describe('completion', () => {
  test('prints a script', async () => {
    const { code, stdout } = await fribs(['completion']);
    expect(code).toBe(0);
    expect(stdout).toContain('fribs');
  });

  test('knows commands and their options', async () => {
    const offered = async (...words: string[]) =>
      (await fribs(['--get-yargs-completions', 'fribs', ...words])).stdout;
    for (const name of commands) {
      expect(await offered('')).toContain(name);
    }
    expect(await offered('setup', '--')).toContain('--tally-bits');
  });
});
