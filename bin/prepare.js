// Makes a clone ready to run: installs the packages of the lockfile and compiles src/ to dist/, each
// only if needed. Uses Node alone, because it runs when nothing is installed yet.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const root = path.resolve(import.meta.dirname, '..');
const at = (...parts) => path.join(root, ...parts);
const afterInstall = process.argv.includes('--after-install');
const force = process.argv.includes('--force');

const lockFile = at('.prepare.lock');
const stampFile = at('dist', '.stamp');
const mainFile = at('dist', 'src', 'cli', 'main.js');
const tsc = at('node_modules', 'typescript', 'bin', 'tsc');
const LOCK_WAIT_MS = 10 * 60_000;

function say(text) {
  process.stderr.write(`${text}\n`);
}

function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function run(program, args, options) {
  const { status, error } = spawnSync(program, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    ...options,
  });
  if (error) say(`${program}: ${error.message}`);
  if (status !== 0) throw new Error(`${path.basename(program)} ${args.join(' ')} failed.`);
}

// Packages

function isInstalled() {
  const wanted = Object.entries(readJson(at('package-lock.json'))?.packages ?? {});
  const present = readJson(at('node_modules', '.package-lock.json'))?.packages;
  if (present === undefined) return false;
  const isDev = (entry) => entry.dev || entry.devOptional;
  // Installed with --omit=dev: then the absence of all the others says nothing.
  const withoutDev = !wanted.some(([name, entry]) => isDev(entry) && name in present);
  return wanted.every(([name, entry]) => {
    if (name === '') return true;
    const found = present[name];
    if (found !== undefined) return found.version === entry.version;
    return entry.optional || entry.devOptional || entry.peer || (withoutDev && isDev(entry));
  });
}

function install() {
  say('Installing packages. The first time this takes a minute or two.');
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund'];
  const options = { env: { ...process.env, FRIBS_PREPARING: '1' } };
  const npm = process.env.npm_execpath ?? '';
  if (path.basename(npm) === 'npm-cli.js') run(process.execPath, [npm, ...args], options);
  else run('npm', args, { ...options, shell: process.platform === 'win32' });
}

// Build

function files(folder) {
  if (!fs.existsSync(at(folder))) return [];
  return fs
    .readdirSync(at(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

/** Changes whenever a source is added, removed or touched. */
function fingerprint() {
  const settings = ['setup.ts', 'tsconfig.json', 'tsconfig.build.json', 'package.json'];
  const sources = [...files('src'), ...files('bench'), ...settings.map((name) => at(name))];
  const hash = createHash('sha256');
  for (const file of sources.sort((a, b) => (a < b ? -1 : 1))) {
    const { mtimeMs, size } = fs.statSync(file);
    hash.update(`${path.relative(root, file)} ${mtimeMs} ${size}\n`);
  }
  return hash.digest('hex');
}

function isBuilt() {
  if (!(fs.existsSync(stampFile) && fs.existsSync(mainFile))) return false;
  return fs.readFileSync(stampFile, 'utf8') === fingerprint();
}

/** tsc never removes the output of a source that is gone. */
function removeLeftovers() {
  for (const output of files('dist')) {
    const source = path.relative(at('dist'), output).replace(/\.js(\.map)?$/, '');
    const isOutput = !source.endsWith(path.basename(output));
    const isThere = ['.ts', '.tsx'].some((extension) => fs.existsSync(at(source + extension)));
    if (isOutput && !isThere) fs.rmSync(output, { force: true });
  }
}

function build() {
  const before = fingerprint();
  // Without its output tsc's notes of what it has written are wrong: start afresh.
  if (force || !fs.existsSync(mainFile)) fs.rmSync(at('dist'), { recursive: true, force: true });
  run(process.execPath, [tsc, '-p', 'tsconfig.build.json']);
  removeLeftovers();
  fs.writeFileSync(stampFile, before);
}

// One at a time

function holderIsGone() {
  try {
    process.kill(Number(fs.readFileSync(lockFile, 'utf8')) || process.pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH' || error.code === 'ENOENT';
  }
}

function takeLock() {
  const until = Date.now() + LOCK_WAIT_MS;
  for (;;) {
    try {
      fs.writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
      process.on('exit', () => fs.rmSync(lockFile, { force: true }));
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (holderIsGone()) fs.rmSync(lockFile, { force: true });
    else if (Date.now() > until)
      throw new Error(`Another run holds ${lockFile}. If not, delete it.`);
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
}

const needsInstall = () => !(afterInstall || isInstalled());
const needsBuild = () => force || !isBuilt();

function prepare() {
  if (!(needsInstall() || needsBuild())) return;
  takeLock();
  // Asked again: another run may have done it meanwhile.
  if (needsInstall()) install();
  if (!needsBuild()) return;
  if (fs.existsSync(tsc)) build();
  else if (!(afterInstall || fs.existsSync(mainFile)))
    throw new Error('TypeScript is missing, so dist/ cannot be built. Run: npm install');
}

// npm runs this file once more at the end of the install started above: leave that to the caller.
if (process.env.FRIBS_PREPARING !== '1') {
  try {
    prepare();
  } catch (error) {
    say(`prepare: ${error.message}`);
    process.exitCode = 1;
  }
}
