import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';

const root = path.resolve(import.meta.dirname, '../..');
const sources = ['base', 'mpc', 'election', 'scheduler', 'fragment', 'crypto', 'storage'];

/** JavaScript of what a child needs: Node 20 runs no TypeScript, and a built `dist` may be stale. */
const built = path.join(root, 'node_modules', '.cache', `storage-children-${process.pid}`);

export function buildForChildren(): void {
  for (const folder of [...sources.map((name) => path.join('src', name)), 'test/storage']) {
    mkdirSync(path.join(built, folder), { recursive: true });
    for (const name of readdirSync(path.join(root, folder))) {
      if (!name.endsWith('.ts')) {
        continue;
      }
      const { outputText } = ts.transpileModule(
        readFileSync(path.join(root, folder, name), 'utf8'),
        {
          compilerOptions: {
            module: ts.ModuleKind.ESNext,
            target: ts.ScriptTarget.ES2023,
            verbatimModuleSyntax: true,
            rewriteRelativeImportExtensions: true,
          },
        },
      );
      writeFileSync(path.join(built, folder, name.replace(/\.ts$/, '.js')), outputText);
    }
  }
  writeFileSync(path.join(built, 'package.json'), '{"type":"module"}');
}

export function removeBuilt(): void {
  rmSync(built, { recursive: true, force: true });
}

/** Runs one of the functions of children.ts in a process of its own, and waits for its `ready`. */
export async function startChild(
  task: (file: string) => void,
  file: string,
): Promise<ChildProcess> {
  const module = pathToFileURL(path.join(built, 'test/storage/children.js')).href;
  const script = `const tasks = await import(${JSON.stringify(module)});
    tasks[${JSON.stringify(task.name)}](${JSON.stringify(file)});
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => {
      resolve();
    });
    child.once('exit', (code) => {
      reject(new Error(`the child ended with ${code}`));
    });
  });
  return child;
}

/** As a power cut or `kill -9` does: nothing of the process runs any more. */
export async function crash(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  child.kill('SIGKILL');
  await ended;
}
