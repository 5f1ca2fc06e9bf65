import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** Every file below a directory, sorted, with its permissions and its bytes. */
export function tree(dir: string): ReadonlyMap<string, { mode: string; bytes: string }> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true })
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  return new Map(
    files.map((file) => {
      const status = statSync(file);
      const mode = (status.mode & 0o777).toString(8);
      const bytes = status.isFile() ? readFileSync(file).toString('base64') : '';
      return [path.relative(dir, file), { mode, bytes }];
    }),
  );
}
