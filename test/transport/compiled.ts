import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';

const root = path.resolve(import.meta.dirname, '..', '..');

/**
 * Compiles `module` of src and what it imports into `directory`, and returns the URL that another process can import.
 * Only for modules that need no package: nothing is installed there.
 */
export function compiledInto(directory: string, module: string): string {
  writeFileSync(path.join(directory, 'package.json'), '{"type":"module"}');
  const todo = [path.join(root, 'src', module)];
  const done = new Set<string>();
  for (const file of todo) {
    if (done.has(file)) {
      continue;
    }
    done.add(file);
    const source = readFileSync(file, 'utf8');
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2023,
        rewriteRelativeImportExtensions: true,
        verbatimModuleSyntax: true,
      },
    });
    const target = outputOf(directory, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, outputText);
    for (const { fileName } of ts.preProcessFile(source).importedFiles) {
      if (fileName.startsWith('.')) {
        todo.push(path.resolve(path.dirname(file), fileName));
      }
    }
  }
  return pathToFileURL(outputOf(directory, path.join(root, 'src', module))).href;
}

const outputOf = (directory: string, file: string) =>
  path.join(directory, path.relative(root, file).replace(/\.ts$/, '.js'));
