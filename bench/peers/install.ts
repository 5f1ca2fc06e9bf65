import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { programPath } from '../../src/cli/program.ts';

/*
 * The peers are no dependencies of this program. They are listed in bench/peers and installed beside the caches of
 * other tools, so that nothing that walks over the sources meets them.
 */

const root = path.resolve(path.dirname(programPath()), '..');
const listed = path.join(root, 'bench', 'peers');
const home = path.join(root, 'node_modules', '.cache', 'bench-peers');
const packageFiles = ['package.json', 'package-lock.json'] as const;
/** npm writes it when it is done. */
const doneFile = path.join(home, 'node_modules', '.package-lock.json');

const isInstalled = (): boolean =>
  existsSync(doneFile) &&
  packageFiles.every((name) => {
    const copy = path.join(home, name);
    return existsSync(copy) && readFileSync(copy).equals(readFileSync(path.join(listed, name)));
  });

/** Installs the peers in exactly the listed versions, unless they are there. No script of theirs is run. */
export function installPeers(say: (line: string) => void): void {
  if (isInstalled()) {
    return;
  }
  say('installing the peers');
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  for (const name of packageFiles) {
    copyFileSync(path.join(listed, name), path.join(home, name));
  }
  const args = ['ci', '--prefix', home, '--ignore-scripts', '--no-audit', '--no-fund'];
  const npm = process.env['npm_execpath'] ?? '';
  const isNpm = path.basename(npm) === 'npm-cli.js';
  const [command, given] = isNpm ? [process.execPath, [npm, ...args]] : ['npm', args];
  const { status, error } = spawnSync(command, given, {
    ...{ cwd: home, stdio: ['ignore', 2, 2] },
    shell: process.platform === 'win32' && !isNpm,
  });
  if (status !== 0) {
    const why = error?.message ?? `npm ended with ${status}`;
    throw new Error(`The peers could not be installed (${why}).`);
  }
}

/** A package's module, which has whatever type its caller knows it to have. */
export function loadPeer<T>(name: string): Promise<T> {
  const file = createRequire(path.join(home, 'package.json')).resolve(name);
  return import(pathToFileURL(file).href);
}

export function versionOfPeer(name: string): string {
  const file = path.join(home, 'node_modules', ...name.split('/'), 'package.json');
  const { version }: { readonly version: string } = JSON.parse(readFileSync(file, 'utf8'));
  return version;
}
