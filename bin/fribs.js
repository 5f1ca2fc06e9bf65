#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';

const argv = process.argv.slice(2);
const main = new URL('../dist/src/cli/main.js', import.meta.url);

if (argv[0] === '--version') {
  // Answered here, so that it needs neither the build nor any package.
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  process.stdout.write(`${version}\n`);
} else if (existsSync(main)) {
  const cli = await import(main.href);
  process.exitCode = await cli.main(argv);
} else {
  process.stderr.write(
    'fribs: the program is not built yet (dist/ is missing). Run: npm install\n',
  );
  process.exitCode = 1;
}
