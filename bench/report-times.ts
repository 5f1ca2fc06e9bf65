import { writeSync } from 'node:fs';
import process from 'node:process';
import { ProgressDisplay } from '../src/cli/client-progress.ts';
import { Servers } from '../src/client/servers.ts';

/*
 * Loaded before `fribs client` by `node --import`: tells the benchmark, at file descriptor 3, when the client
 * begins to dial the servers and when two of them have every ballot. Nothing else of the client changes.
 */

function report(at: 'dialing' | 'cast'): void {
  const nanoseconds = process.hrtime.bigint().toString();
  writeSync(3, `${JSON.stringify({ kind: 'time', at, nanoseconds })}\n`);
}

const { connect } = Servers.prototype;
Servers.prototype.connect = function (this: Servers, ...given) {
  report('dialing');
  return connect.apply(this, given);
};

const { show } = ProgressDisplay.prototype;
let isCast = false;
ProgressDisplay.prototype.show = function (this: ProgressDisplay, snapshot) {
  if (snapshot.phase === 'sealing' && !isCast) {
    isCast = true;
    report('cast');
  }
  show.call(this, snapshot);
};
