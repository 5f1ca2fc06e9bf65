import type { OperatorSnapshot } from '../fragment/snapshot.ts';
import type { ControlEvents } from '../transport/control-client.ts';
import {
  type ControlAnswer,
  type ControlRows,
  serverIsGone,
} from '../transport/control-messages.ts';
import type { ServerEvent } from './server-events.ts';
import type { Contact } from './state.ts';

/** The part of a control connection that a console needs. */
export interface ServerConnection {
  command(text: string): Promise<ControlAnswer>;
  rows(table: string, count: number): Promise<ControlRows>;
  watch(): void;
  close(): void;
}

/** Null where no server answers. */
export type Connect = (events: ControlEvents) => Promise<ServerConnection | null>;

const usualRetryMs = 1_000;
const rowsWanted = 40;
/** How a server ends that says goodbye to everybody; another goodbye is to this console alone. */
const isStop = (reason: string): boolean => reason.endsWith('has stopped');

/** The line to one server: it is dialed again for as long as the console is there. */
export class ServerLine {
  readonly #connect: Connect;
  readonly #hear: (event: ServerEvent) => void;
  readonly #retryMs: number;
  #connection: ServerConnection | null = null;
  #retry: NodeJS.Timeout | null = null;
  /** Why this end has closed the connection. */
  #fault: string | null = null;
  #contact: Contact = { kind: 'connecting' };
  #isClosed = false;

  constructor(connect: Connect, hear: (event: ServerEvent) => void, retryMs = usualRetryMs) {
    this.#connect = connect;
    this.#hear = hear;
    this.#retryMs = retryMs;
  }

  async open(): Promise<void> {
    if (this.#isClosed) {
      return;
    }
    let isRetold = true;
    try {
      this.#connection = await this.#connect({
        onNotice: (notices) => {
          this.#tell({ kind: 'notices', notices, isRetold });
          isRetold = false;
        },
        onSnapshot: (snapshot) => this.#show(snapshot),
        onClose: (reason) => this.#lost(reason),
      });
    } catch (error) {
      this.#become({ kind: 'refused', reason: reasonOf(error) });
      this.#again();
      return;
    }
    if (this.#isClosed) {
      this.#connection?.close();
    } else if (this.#connection === null) {
      this.#noAnswer();
    } else {
      // Attached is what says something: a connection alone is taken for a server that stands still as well.
      this.#connection.watch();
    }
  }

  async command(id: number, text: string): Promise<readonly string[]> {
    const answer = await (this.#connection?.command(text) ??
      Promise.resolve({ lines: ['Not sent: there is no connection.'], ok: false }));
    this.#tell({ kind: 'answer', id, answer });
    return answer.lines;
  }

  async rows(table: string): Promise<void> {
    const rows = await this.#connection?.rows(table, rowsWanted);
    if (rows !== undefined) {
      this.#tell({ kind: 'rows', table, rows });
    }
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry ?? undefined);
    this.#connection?.close();
  }

  #lost(told: string): void {
    const reason = this.#fault ?? told;
    const wasAttached = this.#contact.kind === 'attached';
    this.#fault = null;
    this.#connection = null;
    if (isStop(reason)) {
      this.#become({ kind: 'stopped', reason });
    } else if (reason !== serverIsGone) {
      this.#become({ kind: 'refused', reason });
    } else if (wasAttached || this.#contact.kind === 'connecting') {
      this.#become({ kind: 'gone', reason });
    }
    this.#again();
  }

  /** Whoever was there is still said to have stopped or vanished. */
  #noAnswer(): void {
    const { kind } = this.#contact;
    if (kind === 'connecting' || kind === 'refused') {
      this.#become({ kind: 'absent' });
    }
    this.#again();
  }

  #again(): void {
    if (!this.#isClosed) {
      this.#retry = setTimeout(() => void this.open(), this.#retryMs);
    }
  }

  #show(snapshot: unknown): void {
    if (isSnapshot(snapshot)) {
      this.#become({ kind: 'attached' });
      this.#tell({ kind: 'snapshot', snapshot });
    } else {
      // Never shown half understood.
      this.#fault =
        'the server is of another version of this program: use the console that came with it';
      this.#connection?.close();
    }
  }

  /** Says only what is new: a server that refuses does so at every try. */
  #become(contact: Contact): void {
    if (!isSame(this.#contact, contact)) {
      this.#contact = contact;
      this.#tell({ kind: 'contact', contact });
    }
  }

  #tell(event: ServerEvent): void {
    if (!this.#isClosed) {
      this.#hear(event);
    }
  }
}

const isSame = (one: Contact, other: Contact): boolean =>
  one.kind === other.kind &&
  ('reason' in one ? one.reason : '') === ('reason' in other ? other.reason : '');

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** Whether it is a snapshot of this version of the program, by what this version has added last. */
function isSnapshot(value: unknown): value is OperatorSnapshot {
  return typeof value === 'object' && value !== null && 'ballotRate' in value && 'links' in value;
}
