import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { unreachable } from '../base/assert.ts';
import { exitCodes as leaveCodes } from '../console/leaving.ts';
import { type Party, partyName } from '../mpc/parties.ts';
import { serverIsGone } from '../transport/control-messages.ts';
import { exitCodes, failed } from './failure.ts';
import { type ConsoleEnd, LineConsole } from './line-console.ts';
import { watchServers } from './picture-console.ts';
import { contact, pidOf } from './server-contact.ts';
import { inDirectory } from './shell-text.ts';
import { showsPictures } from './terminal-pictures.ts';

export interface Attachment {
  readonly dir: string;
  readonly party: Party;
  /** This console started the server: signals stop it, and the end of stdin does not end the console. */
  readonly owned: boolean;
  /** Line by line, on a terminal too. */
  readonly plain: boolean;
}

const exitWaitMs = 5_000;
const exitPollMs = 20;

/** Runs a console on the server until it is left or the server ends; the answer is the exit code. */
export const attach = (attachment: Attachment): Promise<number> =>
  showsPictures(attachment.plain) ? showConsole(attachment) : talkInLines(attachment);

async function showConsole({ dir, party, owned }: Attachment): Promise<number> {
  const pid = pidOf(dir, party);
  const end = await watchServers({ dir, servers: [party] });
  switch (end.kind) {
    case 'detached':
      // The picture stays where its server vanishes.
      return conclude(
        { dir, party, pid },
        (await runsOn(dir, party)) ? end : { kind: 'closed', reason: serverIsGone },
      );
    case 'stopped':
      return conclude({ dir, party, pid }, { kind: 'closed', reason: end.reason });
    case 'signal':
      // A closed terminal harms nothing; whoever ends the program that started the server means the server.
      if (owned && end.signal !== 'SIGHUP') {
        await stopServer({ dir, party, pid });
      }
      return leaveCodes[end.signal];
    default:
      return unreachable(end);
  }
}

async function stopServer(server: Server): Promise<void> {
  const client = await contact(server.dir, server.party);
  if (client !== null) {
    await client.command('stop');
    await processEnded(server.pid);
    client.close();
    process.stdout.write(`Server ${partyName(server.party)} has stopped.\n`);
  }
}

async function talkInLines({ dir, party, owned }: Attachment): Promise<number> {
  const letter = partyName(party);
  const pid = pidOf(dir, party);
  const console = new LineConsole({
    connect: (events) => contact(dir, party, events),
    input: process.stdin,
    output: process.stdout,
    terminal: process.stdin.isTTY === true && process.stdout.isTTY === true,
    owned,
  });
  const leave = () => console.detach();
  const interrupt = () => console.interrupt();
  process.on('SIGHUP', leave);
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const end = await console.run();
  process.off('SIGHUP', leave);
  process.off('SIGINT', interrupt);
  process.off('SIGTERM', interrupt);
  process.stdin.destroy();
  if (end === null) {
    throw failed(`Fragment server ${letter} does not run any more.`);
  }
  return conclude({ dir, party, pid }, end);
}

interface Server {
  readonly dir: string;
  readonly party: Party;
  readonly pid: string;
}

/** A server that is slow counts as running. */
const answerMs = 2_000;

/**
 * Whether the server is there still. A connection alone does not tell: while the system takes down a process that
 * was killed, its listening socket may still take one. What hangs there is closed at once, unanswered.
 */
async function runsOn(dir: string, party: Party): Promise<boolean> {
  const client = await contact(dir, party);
  if (client === null) {
    return false;
  }
  const answered = client.command('help').then(({ ok }) => ok);
  const runs = await Promise.race([answered, sleep(answerMs, true, { ref: false })]);
  client.close();
  return runs;
}

async function conclude({ dir, party, pid }: Server, end: ConsoleEnd): Promise<number> {
  const letter = partyName(party);
  const again = inDirectory(dir, 'console', letter);
  switch (end.kind) {
    case 'detached':
      process.stdout.write(`Fragment server ${letter} runs on. Attach a console again: ${again}\n`);
      return exitCodes.done;
    case 'stuck':
      throw failed(
        `Fragment server ${letter} (process ${pid}) was told to stop, but has not done so yet.`,
      );
    case 'closed':
      break;
  }
  if (end.reason !== serverIsGone) {
    await processEnded(pid);
    const reason = end.reason.charAt(0).toUpperCase() + end.reason.slice(1);
    process.stdout.write(`${reason}.\n`);
    return exitCodes.done;
  }
  if (await runsOn(dir, party)) {
    throw failed(
      `The console was cut off; fragment server ${letter} runs on. Attach again: ${again}`,
    );
  }
  throw failed(
    `Fragment server ${letter} (process ${pid}) is gone without having been stopped. Its log says more; start it again: ${inDirectory(dir, 'server', letter)}`,
  );
}

/** Waits a little until the process is really gone, so that its directory is free at once. */
async function processEnded(pid: string): Promise<void> {
  for (let waited = 0; waited < exitWaitMs && isAlive(Number(pid)); waited += exitPollMs) {
    await sleep(exitPollMs);
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) {
    return false;
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
