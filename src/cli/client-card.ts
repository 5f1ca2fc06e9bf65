import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { toHex } from '../base/bytes.ts';
import { type Identity, loadIdentity } from '../crypto/identity.ts';
import { formatClientCard, parseClientCard } from './cards.ts';
import type { CardOptions } from './client-options.ts';
import { clientDirectory } from './client-places.ts';
import { failed, usedWrongly } from './failure.ts';
import { writeNew } from './new-files.ts';
import { keyName } from './places.ts';
import { makeIdentity } from './server-files.ts';

/** `client card`: writes the public card; makes the key first where there is none. */
export async function card(options: CardOptions): Promise<void> {
  const directory = clientDirectory(options);
  const file = options.out ?? `${options.name}.card`;
  if (options.out === undefined && /[/\\]/.test(options.name)) {
    throw usedWrongly('A name with a slash names no file: say --out FILE.');
  }
  if (existsSync(file)) {
    throw failed(`${file} is there already and is not overwritten: name another file with --out.`);
  }
  const isNew = !existsSync(path.join(directory, keyName));
  const identity = isNew
    ? await makeIdentity(directory, 'FRIBs client')
    : loadedIdentity(directory);
  const { certificate, fingerprint } = identity;
  const text = formatClientCard({ name: options.name, certificate });
  const readable = parseClientCard(text);
  if (!readable.ok) {
    throw usedWrongly(`This makes no card: ${readable.reason}.`);
  }
  writeNew(file, text, 0o644);
  const result = { card: file, name: options.name, fingerprint: toHex(fingerprint), isNew };
  const lines = options.json
    ? [JSON.stringify(result)]
    : [
        isNew
          ? `Made this client's key in ${directory}. It stays there: give it to nobody.`
          : `Took the key in ${directory}.`,
        `Its public card is ${file}. Each server's operator admits it with: fribs setup --allow ${file}`,
      ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function loadedIdentity(directory: string): Identity {
  const identity = loadIdentity(directory);
  if (!identity.ok) {
    throw failed(`${identity.reason}.`);
  }
  return identity.value;
}
