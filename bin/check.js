// Everything that must pass, in order; stops at the first step that does not.
// Ends with one plain line: `N passed, M failed`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const root = path.resolve(import.meta.dirname, '..');
const cache = path.join(root, 'node_modules', '.cache');
const report = path.join(cache, 'vitest.json');

function heading(title) {
  process.stdout.write(`\n== ${title}\n`);
}

function run(tool, args) {
  const program = path.join(root, 'node_modules', '.bin', tool);
  const { status, error } = spawnSync(program, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (error) process.stderr.write(`${tool}: ${error.message}\n`);
  return status === 0;
}

function step(title, tool, args) {
  heading(title);
  if (run(tool, args)) return;
  process.stderr.write(`\nFailed: ${title}\n`);
  process.exit(1);
}

function counts(ok) {
  const empty = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 };
  const result = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : empty;
  return {
    passed: result.numPassedTests,
    // A file that does not load has no tests to count, and must not look like success.
    failed: ok ? result.numFailedTests : Math.max(1, result.numFailedTests),
    skipped: result.numPendingTests,
  };
}

mkdirSync(cache, { recursive: true });
step('Types', 'tsc', ['-p', 'tsconfig.json']);
step('Types of the pure layers, without Node', 'tsc', ['-p', 'tsconfig.pure.json']);
step('Format and lint (Biome)', 'biome', ['ci', '--error-on-warnings']);
step('Lint with types (ESLint)', 'eslint', ['--max-warnings=0']);
step('Layers (dependency-cruiser)', 'depcruise', ['src']);
step('Unused code (Knip)', 'knip', []);

heading('Tests (Vitest)');
rmSync(report, { force: true });
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
const ok = run('vitest', ['run', ...reporters, ...process.argv.slice(2)]);
const { passed, failed, skipped } = counts(ok);
process.stdout.write(
  `\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`,
);
process.exitCode = failed === 0 ? 0 : 1;
