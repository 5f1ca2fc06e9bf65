import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import type { HistoryFailure, Machines, playHistory } from '../../src/sim/history.ts';
import type { Edit, PlantedFault } from './planted-faults.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
/** Below the packages, which the compiled program needs. */
const cache = path.join(root, 'node_modules', '.cache');
const entries = ['src/sim/history.ts', 'bench/simulated-machine.ts'];

export interface Simulator {
  readonly play: typeof playHistory;
  readonly machines: Machines;
}

export interface Finding {
  readonly seed: number;
  readonly failure: HistoryFailure;
}

function compile(source: string): string {
  return ts.transpileModule(source, {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      rewriteRelativeImportExtensions: true,
      verbatimModuleSyntax: true,
    },
  }).outputText;
}

/** Everything that the simulator consists of, compiled once: by path, source and output. */
function compileAll(): Map<string, { readonly source: string; readonly output: string }> {
  const all = new Map<string, { source: string; output: string }>();
  const todo = entries.map((entry) => path.join(root, entry));
  for (const file of todo) {
    const name = path.relative(root, file);
    if (all.has(name)) {
      continue;
    }
    const source = readFileSync(file, 'utf8');
    all.set(name, { source, output: compile(source) });
    for (const { fileName } of ts.preProcessFile(source).importedFiles) {
      if (fileName.startsWith('.')) {
        todo.push(path.resolve(path.dirname(file), fileName));
      }
    }
  }
  return all;
}

/** Makes simulators of programs with faults in them, in a directory that goes away with it. */
export class Planting {
  readonly #files = compileAll();
  readonly #folder: string;
  #count = 0;

  constructor() {
    mkdirSync(cache, { recursive: true });
    this.#folder = mkdtempSync(path.join(cache, 'planted-'));
    writeFileSync(path.join(this.#folder, 'package.json'), '{"type":"module"}');
  }

  async simulator(edits: readonly Edit[]): Promise<Simulator> {
    this.#count += 1;
    const folder = path.join(this.#folder, String(this.#count));
    const edited = new Map<string, string>();
    for (const { file, find, put } of edits) {
      const name = `src/${file}`;
      const source = edited.get(name) ?? this.#files.get(name)?.source ?? '';
      const places = source.split(find).length - 1;
      if (places !== 1) {
        throw new Error(`${name} has ${places} places with: ${find}`);
      }
      edited.set(
        name,
        source.replace(find, () => put),
      );
    }
    for (const [name, { output }] of this.#files) {
      const target = path.join(folder, name.replace(/\.ts$/, '.js'));
      mkdirSync(path.dirname(target), { recursive: true });
      const source = edited.get(name);
      writeFileSync(target, source === undefined ? output : compile(source));
    }
    const load = (name: string) => import(pathToFileURL(path.join(folder, name)).href);
    const { playHistory: play } = await load('src/sim/history.js');
    const { machines } = await load('bench/simulated-machine.js');
    return { play, machines };
  }

  close(): void {
    if (existsSync(this.#folder)) {
      rmSync(this.#folder, { recursive: true });
    }
  }
}

/** The first history, from `from` on, that this fault makes fail; null where none of so many does. */
export async function hunt(
  planting: Planting,
  { edits }: PlantedFault,
  from: number,
  histories: number,
): Promise<Finding | null> {
  const { play, machines } = await planting.simulator(edits);
  for (let seed = from; seed < from + histories; seed++) {
    const { failure } = play(seed, machines, 1);
    if (failure !== null) {
      return { seed, failure };
    }
  }
  return null;
}
