// Each folder of src/ may import itself and the folders listed here. Nothing else.
const layers = {
  base: [],
  mpc: ['base'],
  election: ['base', 'mpc'],
  scheduler: ['base', 'mpc', 'election'],
  wire: ['base', 'mpc', 'election', 'scheduler'],
  fragment: ['base', 'mpc', 'election', 'scheduler', 'wire'],
  crypto: ['base', 'mpc', 'election'],
  storage: ['base', 'mpc', 'election', 'scheduler', 'fragment'],
  transport: ['base', 'mpc', 'election', 'wire', 'crypto'],
  server: [
    ...['base', 'mpc', 'election', 'scheduler', 'wire', 'fragment', 'crypto', 'storage'],
    'transport',
  ],
  client: ['base', 'mpc', 'election', 'wire', 'crypto', 'storage', 'transport'],
  console: ['base', 'fragment', 'transport'],
  sim: ['base', 'mpc', 'election', 'scheduler', 'wire', 'fragment', 'crypto', 'storage'],
  cli: [
    ...['base', 'mpc', 'election', 'scheduler', 'wire', 'fragment', 'crypto', 'storage'],
    ...['transport', 'server', 'client', 'console', 'sim'],
  ],
};
// Packages and Node builtins each folder may use. 'node:*' stands for every builtin.
const packages = {
  base: [],
  mpc: [],
  election: [],
  scheduler: [],
  wire: ['cbor-x', 'zod'],
  fragment: [],
  crypto: ['node:crypto', 'node:fs', 'node:path', '@peculiar/x509', 'reflect-metadata'],
  storage: ['better-sqlite3', 'node:fs', 'node:path', 'node:zlib'],
  transport: ['ws', 'zod', 'node:*'],
  server: ['pino', 'rotating-file-stream', 'node:*'],
  client: ['csv-parse', 'node:*'],
  console: ['ink', 'react', 'ink-text-input', 'chalk', 'string-width', 'node:*'],
  sim: [],
  cli: ['yargs', '@scure/bip39', 'node:*'],
};
const folder = (name) => `^src/${name}/`;
const external = (p) =>
  p.startsWith('node:') ? `^(node:)?${p.slice(5)}$` : `node_modules/(@types/)?${p}/`;
const outside = ['npm', 'npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'];

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'only-known-folders',
      comment: 'A new folder in src/ needs its place in the list of layers first.',
      severity: 'error',
      from: { path: '^src/', pathNot: Object.keys(layers).map(folder) },
      to: {},
    },
    {
      name: 'console-sees-only-the-snapshot',
      comment: 'And the words of the operator commands, and how a count is written.',
      severity: 'error',
      from: { path: folder('console') },
      to: { path: folder('fragment'), pathNot: '^src/fragment/(snapshot|commands|present)\\.ts$' },
    },
    {
      name: 'console-talks-only-to-the-control-socket',
      severity: 'error',
      from: { path: folder('console') },
      to: { path: folder('transport'), pathNot: '^src/transport/control' },
    },
    {
      name: 'src-never-imports-test',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|bin|data|dist)/|^setup' },
    },
    ...Object.entries(layers).map(([name, below]) => ({
      name: `layer-${name}`,
      severity: 'error',
      from: { path: folder(name) },
      to: { path: '^src/', pathNot: [name, ...below].map(folder) },
    })),
    ...Object.entries(packages).map(([name, allowed]) => ({
      name: `packages-${name}`,
      severity: 'error',
      from: { path: folder(name) },
      to: {
        dependencyTypes: allowed.includes('node:*') ? outside : ['core', ...outside],
        pathNot: allowed.filter((p) => p !== 'node:*').map(external),
      },
    })),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
