import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { limits } from '../base/limits.ts';
import type { Election } from '../election/types.ts';
import { type Party, partyName } from '../mpc/parties.ts';
import type { ShareTables } from '../storage/share-tables.ts';
import { noticeLine } from '../transport/control-messages.ts';
import { controlPath } from '../transport/control-path.ts';
import { type ControlServer, serveControl } from '../transport/control-server.ts';
import { ListenError } from '../transport/listen-error.ts';
import { type Listener, listen } from '../transport/listener.ts';
import { acquireServerLock } from '../transport/server-lock.ts';
import { ClientList } from './client-list.ts';
import { readServerFiles } from './identity-files.ts';
import { Notices } from './notices.ts';
import { openTables } from './open-tables.ts';
import { OperatorError } from './operator-error.ts';
import { RunningServer } from './running-server.ts';
import { openServerLog } from './server-log.ts';
import { tableRows } from './table-reading.ts';

export interface RunOptions {
  /** Where election.json and the server directories are. */
  readonly directory: string;
  readonly party: Party;
  /** `host:port` to listen at, where it is not what election.json says. */
  readonly listen?: string | undefined;
  readonly poolDelayMs?: number | undefined;
  /** A missing or damaged database is made anew from the two other servers. */
  readonly rebuild?: boolean | undefined;
  /** Shows a line to whoever started the server. */
  echo(line: string): void;
}

/** The list of clients is looked at this often, so that whom the operator admits can cast at once. */
const clientsLookMs = 1_000;
/** A run under way gets this long to finish when the server stops. */
const runGraceMs = limits.stopMs / 2;

/**
 * Runs a fragment server in this process until it is stopped: by an operator, SIGTERM or SIGINT. Resolves
 * to the exit code; throws an OperatorError where it cannot start.
 */
export async function runServer(options: RunOptions): Promise<number> {
  const { directory, party } = options;
  const files = readServerFiles(directory, party);
  const lock = await acquireServerLock(files.directory);
  if (!lock.ok) {
    throw new OperatorError(lock.reason);
  }
  try {
    return await serve(options, files);
  } finally {
    lock.value.release();
  }
}

async function serve(
  options: RunOptions,
  files: ReturnType<typeof readServerFiles>,
): Promise<number> {
  const { party } = options;
  const { election } = files;
  const clients = new ClientList(path.join(files.directory, 'clients.json'), election);
  const { tables, notes } = openTables({
    directory: files.directory,
    party,
    election,
    rebuild: options.rebuild ?? false,
    casters: clients.casters,
    say: (line) => options.echo(line),
  });
  const log = openServerLog(files.directory, partyName(party));
  const stopping = stopSignal();
  const onCrash = (error: Error) => log.crash(error);
  process.on('uncaughtExceptionMonitor', onCrash);
  let control: ControlServer | null = null;
  const notices = new Notices(log, {
    show: (notice) => {
      options.echo(noticeLine(notice));
      control?.notice([notice]);
    },
  });
  const server = new RunningServer({
    party,
    files,
    tables,
    clients,
    notices,
    settings: {
      poolDelayMs: options.poolDelayMs ?? limits.poolDelayMs,
      giveDelayMs: limits.giveDelayMs,
      releaseTimeoutMs: limits.releaseTimeoutMs,
    },
    watchers: () => control?.watchers ?? 0,
    publish: (snapshot) => control?.publish(snapshot),
    stop: () => stopping.stop(),
  });
  let listener: Listener | null = null;
  try {
    listener = await openPort(options, election, files, server, notices);
    control = await openControl(files.directory, server, tables, notices);
    notices.say(
      'info',
      `Fragment server ${partyName(party)} of "${election.terms.title}" listens at port ${listener.port} (process ${process.pid})`,
    );
    for (const note of notes) {
      notices.say('warning', note);
    }
    server.start();
    const looking = setInterval(() => server.lookAfter(), clientsLookMs);
    const reason = await stopping.stopped;
    clearInterval(looking);
    notices.say('info', `Server ${partyName(party)} stops: ${reason}`);
    await finishRun(server);
  } finally {
    await server.stop(`server ${partyName(party)} stops`);
    await listener?.close(`server ${partyName(party)} stops`);
    await control?.close(`server ${partyName(party)} has stopped`);
    process.off('uncaughtExceptionMonitor', onCrash);
    tables.close();
    await log.close();
  }
  return 0;
}

/** The address that election.json names, or all of this host's for a name that others resolve. */
function listenAddress(
  election: Election,
  party: Party,
  wanted: string | undefined,
): { host: string; port: number } {
  const url = new URL(
    wanted === undefined ? election.version.servers[party].url : `wss://${wanted}`,
  );
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isAddress = /^[\d.]+$/.test(host) || host.includes(':') || host === 'localhost';
  return { host: isAddress || wanted !== undefined ? host : '::', port: Number(url.port) };
}

async function openPort(
  options: RunOptions,
  election: Election,
  files: ReturnType<typeof readServerFiles>,
  server: RunningServer,
  notices: Notices,
): Promise<Listener> {
  const { host, port } = listenAddress(election, options.party, options.listen);
  try {
    return await listen({
      host,
      port,
      identity: files.identity,
      admit: (fingerprint) => server.admit(fingerprint),
      onPeer: (party, connection) => server.acceptPeer(party, connection),
      onClient: (client, connection) => server.acceptClient(client, connection),
      log: (line) => notices.say('warning', line),
    });
  } catch (error) {
    throw error instanceof ListenError ? new OperatorError(error.message) : error;
  }
}

async function openControl(
  directory: string,
  server: RunningServer,
  tables: ShareTables,
  notices: Notices,
): Promise<ControlServer> {
  const socket = controlPath(directory);
  if (!socket.ok) {
    throw new OperatorError(socket.reason);
  }
  const control = await serveControl({
    path: socket.value,
    onCommand: (text, timeoutMs) => server.command(text, timeoutMs),
    onRows: (table, count) => Promise.resolve(tableRows(tables, table, count)),
    onWatch: () => notices.recent,
    onFirstSnapshot: () => server.firstSnapshot(),
  });
  if (!control.ok) {
    throw new OperatorError(control.reason);
  }
  return control.value;
}

/** Lets the run in hand finish, for a while. */
async function finishRun(server: RunningServer): Promise<void> {
  const until = Date.now() + runGraceMs;
  while (server.isTallying && Date.now() < until) {
    await sleep(10);
  }
}

interface StopSignal {
  readonly stopped: Promise<string>;
  stop(): void;
}

/**
 * Resolves once when the operator, SIGTERM or SIGINT stops the server. Further signals are heard and do nothing to
 * the very end of the process: nobody who asks twice cuts its last steps short.
 */
function stopSignal(): StopSignal {
  let resolve: (reason: string) => void = () => {};
  const stopped = new Promise<string>((settle) => {
    resolve = settle;
  });
  process.on('SIGTERM', () => resolve('SIGTERM'));
  process.on('SIGINT', () => resolve('SIGINT'));
  return {
    stopped,
    stop: () => setImmediate(() => resolve('the operator asked for it')),
  };
}
