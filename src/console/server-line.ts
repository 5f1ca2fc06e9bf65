import type { OperatorSnapshot } from '../fragment/snapshot.ts';
import type { ControlEvents } from '../transport/control-client.ts';
import type { ControlAnswer, ControlRows } from '../transport/control-messages.ts';
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

const retryMs = 1_000;
const rowsWanted = 40;
/** What the connection's end is called where the server has said nothing. */
const vanished = 'the server is gone';

/** The line to one server: it is dialed again for as long as the console is there. */
export class ServerLine {
  readonly #connect: Connect;
  readonly #hear: (event: ServerEvent) => void;
  #connection: ServerConnection | null = null;
  #retry: NodeJS.Timeout | null = null;
  /** Why this end has closed the connection. */
  #fault: string | null = null;
  #wasThere = false;
  #isClosed = false;

  constructor(connect: Connect, hear: (event: ServerEvent) => void) {
    this.#connect = connect;
    this.#hear = hear;
  }

  async open(): Promise<void> {
    if (this.#isClosed) {
      return;
    }
    const connection = await this.#connect({
      onNotice: (notices) => this.#tell({ kind: 'notices', notices }),
      onSnapshot: (snapshot) => this.#show(snapshot),
      onClose: (reason) => this.#lost(reason),
    });
    if (this.#isClosed) {
      connection?.close();
    } else if (connection === null) {
      if (!this.#wasThere) {
        this.#contact({ kind: 'absent' });
      }
      this.#again();
    } else {
      this.#connection = connection;
      this.#wasThere = true;
      this.#contact({ kind: 'attached' });
      connection.watch();
    }
  }

  async command(id: number, text: string): Promise<readonly string[]> {
    const answer = await (this.#connection?.command(text) ??
      Promise.resolve({ lines: ['The server does not run.'], ok: false }));
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
    this.#fault = null;
    this.#connection = null;
    this.#contact({ kind: reason === vanished ? 'gone' : 'stopped', reason });
    this.#again();
  }

  #again(): void {
    if (!this.#isClosed) {
      this.#retry = setTimeout(() => void this.open(), retryMs);
    }
  }

  #show(snapshot: unknown): void {
    if (isSnapshot(snapshot)) {
      this.#tell({ kind: 'snapshot', snapshot });
    } else {
      // Never shown half understood.
      this.#fault =
        'the server is of another version of this program: use the console that came with it';
      this.#connection?.close();
    }
  }

  #contact(contact: Contact): void {
    this.#tell({ kind: 'contact', contact });
  }

  #tell(event: ServerEvent): void {
    if (!this.#isClosed) {
      this.#hear(event);
    }
  }
}

/** Whether it is a snapshot of this version of the program, by what this version has added last. */
function isSnapshot(value: unknown): value is OperatorSnapshot {
  return typeof value === 'object' && value !== null && 'ballotRate' in value && 'links' in value;
}
