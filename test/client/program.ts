import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import ts from 'typescript';

const root = path.resolve(import.meta.dirname, '../..');

/** The program as JavaScript: Node 20 runs no TypeScript, and a built `dist` may be stale. */
const built = path.join(root, 'node_modules', '.cache', `client-program-${process.pid}`);

export function buildProgram(): void {
  for (const name of readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.ts')) {
      const { outputText } = ts.transpileModule(
        readFileSync(path.join(root, 'src', name), 'utf8'),
        {
          compilerOptions: {
            module: ts.ModuleKind.ESNext,
            target: ts.ScriptTarget.ES2023,
            verbatimModuleSyntax: true,
            rewriteRelativeImportExtensions: true,
          },
        },
      );
      const target = path.join(built, 'dist', 'src', name.replace(/\.ts$/, '.js'));
      mkdirSync(path.dirname(target), { recursive: true });
      writeFileSync(target, outputText);
    }
  }
  cpSync(path.join(root, 'bin'), path.join(built, 'bin'), { recursive: true });
  cpSync(path.join(root, 'package.json'), path.join(built, 'package.json'));
}

export function removeProgram(): void {
  rmSync(built, { recursive: true, force: true });
}

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Run {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts `fribs` with these arguments; `input` is its whole standard input. */
export function start(args: readonly string[], input = '', cwd = built): Run {
  const child = spawn(process.execPath, [path.join(built, 'bin', 'fribs.js'), ...args], { cwd });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => resolve({ code, out, err }));
  });
  return { process: child, ended };
}

export const fribs = (args: readonly string[], input = ''): Promise<Ended> =>
  start(args, input).ended;
