import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { beforeAll, expect, test } from 'vitest';
import { screens, tables } from './screens.ts';

const files = ['docs/console.md', 'README.md'].map((name) =>
  path.join(import.meta.dirname, '../..', name),
);
/** Everything between these two was drawn by the program. */
const drawn = /<!-- drawn: (\w+) -->\n([\s\S]*?)<!-- end -->/g;

const expected = (name: string): string => {
  const [screen, table] = [screens[name], tables[name]];
  return screen === undefined ? `${table?.() ?? ''}\n` : `\`\`\`text\n${screen()}\n\`\`\`\n`;
};

beforeAll(() => {
  // Times of day are those of the place where the console is.
  process.env['TZ'] = 'UTC';
  if (process.env['FRIBS_DRAW'] === '1') {
    for (const file of files) {
      const text = readFileSync(file, 'utf8').replace(
        drawn,
        (_, name: string) => `<!-- drawn: ${name} -->\n${expected(name)}<!-- end -->`,
      );
      writeFileSync(file, text);
    }
  }
});

const shown = (): readonly (readonly [name: string, text: string])[] =>
  files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(drawn)].map(
      ([, name = '', text = '']) => [name, text] as const,
    ),
  );

test('the documentation shows what the program draws (npm run screens draws it anew)', () => {
  for (const [name, text] of shown()) {
    expect(text, name).toBe(expected(name));
  }
});

test('every screen has its place in the documentation', () => {
  const names = new Set(shown().map(([name]) => name));
  expect(
    [...Object.keys(screens), ...Object.keys(tables)].filter((name) => !names.has(name)),
  ).toEqual([]);
});
