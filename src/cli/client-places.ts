import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import type { ClientTerms } from '../client/server-link.ts';
import { certificateFault, type Identity, loadIdentity } from '../crypto/identity.ts';
import type { ClientRole } from '../election/clients.ts';
import type { ClientOptions } from './client-options.ts';
import { failed } from './failure.ts';
import { clientName, keyName, readElection } from './places.ts';
import { commandLine, inDirectory } from './shell-text.ts';

export const clientDirectory = ({ dir, identity }: ClientOptions): string =>
  identity ?? path.join(dir, clientName);

export const outboxFolder = (options: ClientOptions): string =>
  path.join(clientDirectory(options), 'outbox');

/** A client command line for this election and identity. */
export function clientLine(options: ClientOptions, ...args: readonly string[]): string {
  const whole = ['client', ...args];
  return options.identity === undefined
    ? inDirectory(options.dir, ...whole)
    : commandLine([...whole, ...dirOf(options), '--identity', options.identity]);
}

const dirOf = ({ dir }: ClientOptions): readonly string[] => (dir === 'data' ? [] : ['--dir', dir]);

/** Who this client is and in which election, or what is missing for that. */
export function clientTerms(options: ClientOptions, role: ClientRole): ClientTerms {
  const election = readElection(options.dir);
  const identity = readIdentity(options);
  const fault = certificateFault(identity.certificate, new Date());
  if (fault !== null) {
    throw failed(
      `This client cannot be used: ${fault}. Make a new identity (${clientLine(options, 'card')}, after moving ${clientDirectory(options)} aside) and have it admitted.`,
    );
  }
  return { election, identity, role };
}

function readIdentity(options: ClientOptions): Identity {
  const directory = clientDirectory(options);
  if (!existsSync(path.join(directory, keyName))) {
    throw failed(
      `There is no client identity in ${directory}. Make one with ${clientLine(options, 'card')} and have each server's operator admit it: fribs setup --allow CARD.`,
    );
  }
  const identity = loadIdentity(directory);
  if (!identity.ok) {
    throw failed(`${identity.reason}.`);
  }
  return identity.value;
}

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

export interface Interruption {
  readonly signal: AbortSignal;
  /** What a shell expects of a process that a signal ended; null where none came. */
  exitCode(): number | null;
  /** As if the signal had come: a terminal in raw mode sends none for Ctrl-C. */
  interrupt(name: keyof typeof signalNumbers): void;
  release(): void;
}

/** The first Ctrl-C or SIGTERM asks to stop; a second one ends the process at once. */
export function listenForInterruption(): Interruption {
  const stopping = new AbortController();
  let code: number | null = null;
  const handler = (name: keyof typeof signalNumbers) => {
    if (code !== null) {
      process.exit(code);
    }
    code = 128 + signalNumbers[name];
    stopping.abort();
  };
  process.on('SIGINT', handler);
  process.on('SIGTERM', handler);
  return {
    signal: stopping.signal,
    exitCode: () => code,
    interrupt: handler,
    release() {
      process.off('SIGINT', handler);
      process.off('SIGTERM', handler);
    },
  };
}
