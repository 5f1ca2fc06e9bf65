import process from 'node:process';
import { toHex } from '../base/bytes.ts';
import { limits } from '../base/limits.ts';
import type { ClientEntry } from '../election/clients.ts';
import {
  helpLines,
  type OperatorCommand,
  type PrintSubject,
  parseCommand,
} from '../fragment/commands.ts';
import type { FragmentSettings } from '../fragment/context.ts';
import type { FragmentEvent, SentEffect } from '../fragment/events.ts';
import { printLines } from '../fragment/present.ts';
import { FragmentServer } from '../fragment/server.ts';
import type { OperatorSnapshot } from '../fragment/snapshot.ts';
import { type Party, partyName } from '../mpc/parties.ts';
import type { ShareTables } from '../storage/share-tables.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { Admission } from '../transport/admission.ts';
import type { Connection } from '../transport/connection.ts';
import type { ControlAnswer } from '../transport/control-messages.ts';
import { BallotRate } from './ballot-rate.ts';
import type { ClientList } from './client-list.ts';
import { ClientTraffic } from './client-traffic.ts';
import { diskFaultText } from './disk-fault.ts';
import { EventLoop } from './event-loop.ts';
import { GroupDelays } from './group-delays.ts';
import type { ServerFiles } from './identity-files.ts';
import type { Notices } from './notices.ts';
import { PeerTraffic } from './peer-traffic.ts';
import { realPorts } from './ports.ts';
import { Publisher } from './publisher.ts';
import { steadyNow } from './steady-now.ts';
import { diskReason, TableWatch } from './table-reading.ts';

/** After the disk failed, the server starts anew from it this often. */
const diskRetryMs = 2_000;

export interface ServerParts {
  readonly party: Party;
  readonly files: ServerFiles;
  readonly tables: ShareTables;
  readonly clients: ClientList;
  readonly notices: Notices;
  readonly settings: FragmentSettings;
  /** Consoles that watch snapshots. */
  watchers(): number;
  /** Shows a snapshot to all of them. */
  publish(snapshot: OperatorSnapshot): void;
  /** The operator wants the server to stop. */
  stop(): void;
}

/** A fragment server at work: core, tables and links, joined by the event loop. */
export class RunningServer {
  readonly #parts: ServerParts;
  readonly #peers: PeerTraffic;
  readonly #clients: ClientTraffic;
  readonly #answers = new Map<number, (answer: ControlAnswer) => void>();
  readonly #startedAt = steadyNow();
  #core: FragmentServer;
  #loop: EventLoop;
  #nextCommand = 1;
  #diskFault: string | null = null;
  #diskRetry: NodeJS.Timeout | null = null;
  readonly #rate = new BallotRate();
  readonly #delays = new GroupDelays();
  readonly #sizes: TableWatch;
  readonly #publisher: Publisher;
  #stopped = false;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    const push = (event: FragmentEvent) => this.#loop.push(event);
    const { party, files, notices } = parts;
    this.#peers = new PeerTraffic(party, files.election, files.identity, notices, push);
    this.#clients = new ClientTraffic(notices, push);
    this.#clients.busyWhile(() => this.#diskFault);
    this.#core = this.#newCore();
    this.#loop = this.#newLoop();
    this.#sizes = new TableWatch(parts.tables);
    this.#publisher = new Publisher({
      watchers: parts.watchers,
      publish: () => this.#publish(),
      now: steadyNow,
    });
  }

  #newCore(): FragmentServer {
    const { party, files, tables, clients, settings } = this.#parts;
    return new FragmentServer(
      party,
      files.election,
      settings,
      realPorts(files.identity, clients, tables),
    );
  }

  #newLoop(): EventLoop {
    return new EventLoop({
      core: this.#core,
      tables: this.#parts.tables,
      now: steadyNow,
      heard: (event) => {
        this.#peers.heard(event);
        this.#clients.heard(event);
      },
      prepare: (effect) => this.#prepare(effect),
      stored: (ballots) => this.#rate.add(ballots, steadyNow()),
      waited: (ms) => this.#delays.add(ms),
      publish: () => this.#groupDone(),
      failed: (error) => this.#diskFailed(error),
    });
  }

  start(): void {
    this.#peers.start();
  }

  /** Who may connect, by certificate fingerprint. */
  admit(fingerprint: string): Admission<ClientEntry> | null {
    const { files, clients, party } = this.#parts;
    const peer = files.election.version.servers.findIndex(
      (server) => toHex(server.fingerprint) === fingerprint,
    );
    if ((peer === 0 || peer === 1 || peer === 2) && peer !== party) {
      return { kind: 'peer', party: peer };
    }
    this.refreshClients();
    const client = clients.byFingerprint(fingerprint);
    return client === null ? null : { kind: 'client', client };
  }

  /** What is looked after now and then: a changed list of clients, and clients that say nothing. */
  lookAfter(): void {
    this.refreshClients();
    this.#clients.dropIdle();
  }

  /** Takes in a changed list of clients. */
  refreshClients(): void {
    const { clients, notices } = this.#parts;
    const { changed, fault } = clients.refresh();
    if (fault !== null) {
      notices.say('warning', `${fault} The list from before stays in force.`);
    }
    if (changed) {
      notices.say('info', `the list of clients was read again: ${clients.size} clients`);
      this.#loop.push({ kind: 'casters-changed' });
    }
  }

  acceptPeer(party: Party, connection: Connection): void {
    this.#peers.accept(party, connection);
  }

  acceptClient(client: ClientEntry, connection: Connection): void {
    this.#clients.accept(client, connection);
  }

  #prepare(effect: SentEffect): () => void {
    switch (effect.kind) {
      case 'send-peer':
        return this.#peers.prepare(effect.to, effect.message);
      case 'close-peer':
        return this.#peers.prepareClose(effect.peer, effect.reason);
      case 'send-client':
        return () => this.#clients.send(effect.connection, effect.message);
      case 'answer':
        return () => this.#answer(effect.id, { lines: effect.lines, ok: effect.ok });
      default:
        return () => this.#parts.notices.say(effect.level, effect.text);
    }
  }

  #answer(id: number, answer: ControlAnswer): void {
    this.#answers.get(id)?.(answer);
    this.#answers.delete(id);
  }

  /** Carries out an operator command, as it was typed. */
  command(text: string, timeoutMs: number | null): Promise<ControlAnswer> {
    const parsed = parseCommand(text);
    if (!parsed.ok) {
      return Promise.resolve({ lines: [parsed.reason], ok: false });
    }
    const command = parsed.value;
    this.#parts.notices.log(`command: ${command.kind}`);
    switch (command.kind) {
      case 'help':
        return Promise.resolve({ lines: helpLines(), ok: true });
      case 'print':
        return Promise.resolve(this.#print(command.what));
      case 'stop':
        this.#parts.stop();
        return Promise.resolve({
          lines: [`Server ${partyName(this.#parts.party)} stops.`],
          ok: true,
        });
      default:
        return this.#ask(command, timeoutMs ?? limits.flushTimeoutMs);
    }
  }

  #print(what: PrintSubject): ControlAnswer {
    try {
      return { lines: printLines(what, this.snapshot()), ok: true };
    } catch (error) {
      return { lines: [diskReason(error)], ok: false };
    }
  }

  #ask(command: OperatorCommand, timeoutMs: number): Promise<ControlAnswer> {
    if (this.#stopped) {
      return Promise.resolve({ lines: ['The server stops.'], ok: false });
    }
    if (this.#diskFault !== null) {
      return Promise.resolve({ lines: [this.#diskFault], ok: false });
    }
    const id = this.#nextCommand;
    this.#nextCommand += 1;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#loop.push({ kind: 'command', id, command, deadline: steadyNow() + timeoutMs });
    });
  }

  /** What the disk has not taken is undone; links and clients start over once it takes writes again. */
  #diskFailed(error: StorageError): void {
    this.#peers.closeAll("this server's disk has failed");
    const fault = this.#keepFault(error);
    this.#parts.notices.say('alarm', `${fault}. Ballots are refused until that is mended.`);
    for (const [id] of [...this.#answers]) {
      this.#answer(id, { lines: [fault], ok: false });
    }
    this.#clients.closeAll("this server's disk does not store");
    this.#publisher.changed();
  }

  /** A full disk may have room again. What is damaged stays so, and would only be found again and again. */
  #keepFault(error: StorageError): string {
    const { tables, party } = this.#parts;
    const text = diskFaultText(error, tables.path, party);
    this.#diskFault = text;
    if (error.isDamage) {
      void this.#peers.stop("this server's share tables are damaged");
    } else {
      this.#diskRetry = setTimeout(() => this.#restart(), diskRetryMs);
    }
    return text;
  }

  /** Goes on from what is on the disk, as after a crash. */
  #restart(): void {
    if (this.#stopped) {
      return;
    }
    try {
      this.#core = this.#newCore();
    } catch (error) {
      if (!(error instanceof StorageError)) {
        throw error;
      }
      this.#keepFault(error);
      return;
    }
    this.#diskFault = null;
    this.#loop = this.#newLoop();
    // What connected meanwhile has said its hello to nobody: it says it again.
    this.#clients.closeAll('this server starts anew from its disk');
    this.#peers.restart();
    this.#parts.notices.say('warning', 'started anew from the disk');
    this.#publisher.changed();
  }

  #groupDone(): void {
    this.#peers.settle();
    this.#publisher.changed();
  }

  #publish(): void {
    const snapshot = this.#snapshotIfReadable();
    if (snapshot !== null) {
      this.#parts.publish(snapshot);
    }
  }

  /** A console begins to watch: what it sees first. From now on it is shown what is new. */
  firstSnapshot(): OperatorSnapshot | null {
    this.#publisher.begin();
    return this.#snapshotIfReadable();
  }

  /** Null where the disk cannot even be read: consoles then keep what they have. */
  #snapshotIfReadable(): OperatorSnapshot | null {
    try {
      return this.snapshot();
    } catch (error) {
      // Throws what is not the disk's.
      diskReason(error);
      return null;
    }
  }

  snapshot(): OperatorSnapshot {
    const now = steadyNow();
    const { tables } = this.#parts;
    const core = this.#core.snapshot(now);
    const fault = this.#diskFault;
    return {
      ...core,
      // What the core in memory has shown may not be on the disk, and then it was shown to nobody.
      release: fault === null ? core.release : { ...core.release, lists: [] },
      alarms: [
        ...(fault === null ? [] : [{ kind: 'disk', text: fault } as const]),
        ...core.alarms,
        ...this.#peers.alarms(),
      ],
      uptimeMs: now - this.#startedAt,
      ballotRate: this.#rate.perSecond(now),
      links: this.#peers.snapshots(now),
      tables: this.#sizes.at(now),
      file: tables.path,
      fileBytes: tables.fileBytes(),
      lastCommitMs: tables.lastCommitMs,
      commits: this.#delays.groups,
      groupDelay: this.#delays.summary(),
      clientsConnected: this.#clients.count,
      memoryBytes: process.memoryUsage.rss(),
      diskFault: this.#diskFault,
    };
  }

  /** Whether a run is under way: worth waiting a moment for before stopping. */
  get isTallying(): boolean {
    return this.#diskFault === null && this.#core.snapshot(steadyNow()).work?.stage === 'tallying';
  }

  async stop(reason: string): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#diskRetry ?? undefined);
    this.#publisher.stop();
    this.#loop.stop();
    this.#clients.closeAll(reason);
    await this.#peers.stop(reason);
    for (const [id] of [...this.#answers]) {
      this.#answer(id, { lines: ['The server stops.'], ok: false });
    }
  }
}
