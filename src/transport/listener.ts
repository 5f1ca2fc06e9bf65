import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import { assert } from '../base/assert.ts';
import { limits } from '../base/limits.ts';
import type { Identity } from '../crypto/identity.ts';
import type { Party } from '../mpc/parties.ts';
import {
  type Admit,
  type Admitted,
  judge,
  tooManyClients,
  turnAway,
  type Unadmitted,
} from './admission.ts';
import { Connection } from './connection.ts';
import { listenErrorOf } from './listen-error.ts';
import { RefusalLog } from './refusal-log.ts';
import { socketLimits } from './socket-limits.ts';
import { tlsOptions } from './tls-options.ts';
import { WaitingRoom } from './waiting-room.ts';
import { webSocketOptions } from './web-socket-options.ts';

export interface ListenOptions<Client> {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly identity: Identity;
  readonly admit: Admit<Client>;
  /** Clients at a time; `limits.clientConnectionsMax` unless set. */
  readonly clientsMax?: number;
  /** Both have to `start` the connection. */
  onPeer(party: Party, connection: Connection): void;
  onClient(client: Client, connection: Connection): void;
  /** A line for the operator: who was refused, and why. */
  log(line: string): void;
}

export interface Listener {
  readonly port: number;
  /** Closes the port and every connection that came through it; resolves when all of them are gone. */
  close(reason: string): Promise<void>;
}

/** Opens a server's port. Rejects with a `ListenError`. */
export async function listen<Client>(options: ListenOptions<Client>): Promise<Listener> {
  const doorkeeper = new Doorkeeper(options);
  return { port: await doorkeeper.open(), close: (reason) => doorkeeper.close(reason) };
}

/** From the TCP connection to the link: TLS, admission, upgrade, each with its bounds. */
class Doorkeeper<Client> {
  readonly #options: ListenOptions<Client>;
  readonly #log: RefusalLog;
  readonly #waiting = new WaitingRoom();
  /** Admitted clients, from the handshake until the socket is gone. */
  readonly #clients = new Set<TLSSocket>();
  readonly #admitted = new WeakMap<object, Admitted<Client>>();
  readonly #connections = new Set<Connection>();
  readonly #http = createHttpServer({ maxHeaderSize: socketLimits.headerBytesMax });
  readonly #upgrades = new WebSocketServer({
    ...webSocketOptions,
    noServer: true,
    clientTracking: false,
  });
  readonly #server;
  #closeReason: string | null = null;

  constructor(options: ListenOptions<Client>) {
    this.#options = options;
    this.#log = new RefusalLog((line) => options.log(line));
    this.#server = createTlsServer({
      ...tlsOptions(options.identity),
      requestCert: true,
      handshakeTimeout: limits.handshakeMs,
    });
    this.#server.on('connection', (socket) => {
      // Whatever goes wrong with a stranger's socket ends in its 'close'.
      socket.on('error', () => socket.destroy());
      this.#waiting.enter(socket);
    });
    this.#server.on('tlsClientError', (error, socket) => {
      this.#log.line(
        `refused ${socket.remoteAddress ?? 'a connection'}: no TLS handshake (${error.message})`,
      );
      socket.destroy();
    });
    this.#server.on('secureConnection', (socket) => this.#greet(socket));
    this.#http.on('request', (_request, response) => {
      response.writeHead(404, { 'Content-Type': 'text/plain', Connection: 'close' });
      response.end('This port speaks WebSocket, at /peer and /client.\n');
    });
    this.#http.on('upgrade', (request, socket, head) => {
      assert(socket instanceof TLSSocket, 'every connection here came over TLS');
      this.#upgrade(request, socket, head);
    });
  }

  open(): Promise<number> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => reject(listenErrorOf(error, host, port)));
      this.#server.listen({ host, port, exclusive: true }, () => {
        this.#server.on('error', (error) => this.#options.log(`port ${port}: ${error.message}`));
        const address = this.#server.address();
        assert(address !== null && typeof address === 'object', 'a TCP server has a port');
        resolve(address.port);
      });
    });
  }

  async close(reason: string): Promise<void> {
    this.#closeReason = reason;
    const gone = new Promise((resolve) => this.#server.close(resolve));
    this.#waiting.clear();
    for (const connection of [...this.#connections]) {
      connection.close(reason);
    }
    await gone;
  }

  /** The handshake is done: lets the other end in or tells it why not, before reading anything of it. */
  #greet(socket: TLSSocket): void {
    socket.on('error', () => socket.destroy());
    const verdict = this.#verdict(socket);
    if (verdict.kind === 'refused') {
      this.#log.line(`refused ${socket.remoteAddress ?? 'a connection'}: ${verdict.text}`);
      turnAway(socket, verdict);
      return;
    }
    this.#admitted.set(socket, verdict);
    if (verdict.admission.kind === 'client') {
      this.#clients.add(socket);
      socket.once('close', () => this.#clients.delete(socket));
    }
    this.#http.emit('connection', socket);
  }

  #verdict(socket: TLSSocket): Admitted<Client> | Unadmitted {
    const most = this.#options.clientsMax ?? limits.clientConnectionsMax;
    const verdict = judge(socket, this.#options.admit);
    const client = verdict.kind === 'admitted' && verdict.admission.kind === 'client';
    return client && this.#clients.size >= most ? tooManyClients : verdict;
  }

  #upgrade(request: IncomingMessage, socket: TLSSocket, head: Buffer): void {
    const admitted = this.#admitted.get(socket);
    assert(admitted !== undefined, 'nobody gets here without admission');
    if (request.url !== `/${admitted.admission.kind}`) {
      const body = `A ${admitted.admission.kind} connects to /${admitted.admission.kind} and nowhere else.\n`;
      socket.end(
        `HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      );
      return;
    }
    this.#upgrades.handleUpgrade(request, socket, head, (webSocket) => {
      this.#begin(webSocket, socket, admitted);
    });
  }

  #begin(
    webSocket: WebSocket,
    socket: TLSSocket,
    { admission, fingerprint }: Admitted<Client>,
  ): void {
    this.#waiting.leave(socket);
    const connection = new Connection(webSocket, socket, fingerprint);
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
    if (this.#closeReason !== null) {
      connection.close(this.#closeReason);
      return;
    }
    if (admission.kind === 'peer') {
      this.#options.onPeer(admission.party, connection);
      return;
    }
    this.#options.onClient(admission.client, connection);
  }
}
