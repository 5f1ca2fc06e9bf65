import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Ports of this machine that nobody listens on now: the system hands them out. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers: Server[] = [];
  const ports: number[] = [];
  // All are open at once, so that no port comes twice.
  for (let i = 0; i < count; i++) {
    const server = createServer().listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const address = server.address();
    if (address !== null && typeof address === 'object') {
      ports.push(address.port);
    }
  }
  for (const server of servers) {
    server.close();
  }
  return ports;
}
