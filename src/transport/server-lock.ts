import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { good, type Result, refused } from '../base/result.ts';
import { socketDirectory } from './control-path.ts';
import { socketLimits } from './socket-limits.ts';
import { listenAt, listensAt } from './unix-socket.ts';

export interface ServerLock {
  /** Lets go of the directory. Idempotent; the end of the process does the same. */
  release(): void;
}

const flagPattern = /^lock\.(\d+)\.[0-9a-f]{8}$/;
const pidFile = 'server.pid';

/**
 * Takes a server's directory for this process, or says which process has it.
 *
 * Everybody who wants it raises a flag first and looks for others' flags second, so that of two at least one sees the
 * other. A flag is a listening socket under a name of its own, moved into place once it listens: if nobody
 * answers there its process is gone, however that ended, and as no name is used twice such a flag can be removed without a
 * race. Where two processes that start see each other, the lower name stays and the other gives way. The
 * pid file is for people, and tells a server that runs from one that starts.
 */
export async function acquireServerLock(directory: string): Promise<Result<ServerLock>> {
  const short = socketDirectory(directory);
  if (!short.ok) {
    return short;
  }
  let flag: Flag;
  try {
    flag = await raise(short.value);
  } catch (error) {
    return refused(`Cannot make a socket in ${directory}: ${String(error)}`);
  }
  for (let looks = 1; ; looks++) {
    const others = await livingFlags(short.value, flag.name);
    if (others.length === 0) {
      return hold(directory, flag);
    }
    const lowest = others[0] ?? '';
    const running = runningFlag(directory, others);
    if (running !== null || lowest < flag.name || looks >= socketLimits.lockLooksMax) {
      flag.lower();
      const pid = pidOf(running ?? lowest);
      return refused(`A server runs in ${directory} already: process ${pid}. Stop that one first.`);
    }
    await sleep(socketLimits.lockLookMs);
  }
}

function hold(directory: string, flag: Flag): Result<ServerLock> {
  const file = path.join(directory, pidFile);
  try {
    writeFileSync(file, `${process.pid}\n`, { mode: 0o644 });
  } catch (error) {
    flag.lower();
    return refused(`Cannot write ${file}: ${String(error)}`);
  }
  let held = true;
  return good({
    release: () => {
      if (held) {
        held = false;
        rmSync(file, { force: true });
        flag.lower();
      }
    },
  });
}

interface Flag {
  readonly name: string;
  lower(): void;
}

async function raise(directory: string): Promise<Flag> {
  const name = `lock.${process.pid}.${randomBytes(4).toString('hex')}`;
  const server: Server = createServer((socket) => socket.destroy());
  const raising = path.join(directory, `.${name}`);
  const raised = path.join(directory, name);
  await listenAt(server, raising);
  server.unref();
  renameSync(raising, raised);
  return {
    name,
    lower: () => {
      rmSync(raised, { force: true });
      server.close();
    },
  };
}

/** The other flags whose process lives, in order; removes those of the dead. */
async function livingFlags(directory: string, mine: string): Promise<string[]> {
  const living: string[] = [];
  for (const name of readdirSync(directory)) {
    if (name === mine || !flagPattern.test(name)) {
      continue;
    }
    const file = path.join(directory, name);
    if (await listensAt(file)) {
      living.push(name);
    } else {
      rmSync(file, { force: true });
    }
  }
  return living.sort((a, b) => (a < b ? -1 : 1));
}

const pidOf = (name: string): string => flagPattern.exec(name)?.[1] ?? 'unknown';

/** That one of the living flags whose process wrote the pid file, and so has the directory. */
function runningFlag(directory: string, living: readonly string[]): string | null {
  let pid: string;
  try {
    pid = readFileSync(path.join(directory, pidFile), 'utf8').trim();
  } catch {
    return null;
  }
  return living.find((name) => pidOf(name) === pid) ?? null;
}
