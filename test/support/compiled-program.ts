import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const root = path.resolve(import.meta.dirname, '..', '..');

/** A program of the tests, compiled with all that it imports, where the installed packages are found. */
export function compiledProgram(entry: string): { readonly file: string; remove(): void } {
  const cache = path.join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(path.join(cache, 'compiled-'));
  writeFileSync(path.join(directory, 'package.json'), '{"type":"module"}');
  const todo = [path.join(root, entry)];
  const done = new Set<string>();
  for (const file of todo) {
    if (!done.has(file)) {
      done.add(file);
      todo.push(...compile(directory, file));
    }
  }
  return {
    file: outputOf(directory, path.join(root, entry)),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Returns the files that this one imports. */
function compile(directory: string, file: string): string[] {
  const source = readFileSync(file, 'utf8');
  const { outputText } = ts.transpileModule(source, {
    fileName: file,
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      jsx: ts.JsxEmit.ReactJSX,
      rewriteRelativeImportExtensions: true,
      verbatimModuleSyntax: true,
    },
  });
  const target = outputOf(directory, file);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, outputText);
  return ts
    .preProcessFile(source)
    .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => path.resolve(path.dirname(file), fileName));
}

const outputOf = (directory: string, file: string) =>
  path.join(directory, path.relative(root, file).replace(/\.tsx?$/, '.js'));
