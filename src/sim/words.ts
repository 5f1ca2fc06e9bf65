import { toHex } from '../base/bytes.ts';
import type { FragmentEvent } from '../fragment/events.ts';
import type { StoreWrite } from '../fragment/ports.ts';
import { partyName } from '../mpc/parties.ts';
import type { ClientReply } from '../wire/client-messages.ts';
import type { PeerMessage } from '../wire/peer-messages.ts';

/* Events, messages and writes in the words of a history. */

const brief = (digest: string): string => digest.slice(0, 8);
const short = (bytes: Uint8Array | null): string => (bytes === null ? '-' : brief(toHex(bytes)));
const nonces = (view: readonly (Uint8Array | null)[]): string =>
  view.map((nonce) => (nonce === null ? '-' : toHex(nonce).slice(0, 4))).join('.');

export function describePeer(message: PeerMessage): string {
  switch (message.kind) {
    case 'state': {
      const { sealed, tallied, final, runId, view, held, safe, rebuilding, flushing } = message;
      const flags = `${rebuilding ? ' REBUILDING' : ''}${flushing ? ' flushing' : ''}${message.more ? ' (more)' : ''}`;
      const marks = `held +${held.map(short).join(' ')} safe +${safe.map(short).join(' ')}`;
      return `STATE sealed ${sealed}, tallied ${tallied} by ${short(runId)}, final ${final}, view ${nonces(view)}, ${marks}${flags}`;
    }
    case 'pool':
      return `POOL ${message.number} (${short(message.digest)}): ${message.batches.map(short).join(' ')}`;
    case 'give':
      return `GIVE of the batch with id ${short(message.batch.batchId)}`;
    case 'round':
      return `ROUND ${message.round} of run ${short(message.runId)}`;
    case 'hand-over':
      return `HAND-OVER of ${message.tally?.count ?? 0} tallied pools, run ${short(message.tally?.runId ?? null)}, release of ${message.release === null ? 'nothing' : `pool ${message.release.pool}`}`;
    case 'propose-release':
      return `proposes to show pool ${message.release.pool}, ${message.release.votes} votes${message.release.forced ? ', forced' : ''}`;
    case 'agree-release':
      return `agrees to show pool ${message.pool}`;
    case 'refuse-release':
      return `refuses a release: ${message.reason}${message.certain ? '' : ' (not certain)'}`;
    default:
      return 'HELLO';
  }
}

export function describeReply(reply: ClientReply): string {
  switch (reply.kind) {
    case 'stored':
    case 'safe':
      return `${reply.kind} ${short(reply.digest)}`;
    case 'sealed':
      return `sealed ${short(reply.digest)} in pool ${reply.pool}`;
    case 'tallied':
      return `tallied: pool ${reply.pool}, ${reply.votes} votes, run ${short(reply.runId)}`;
    case 'refused':
    case 'busy':
      return `${reply.kind}: ${reply.reason}`;
    default:
      return reply.kind;
  }
}

export function describeEvent(event: FragmentEvent): string {
  switch (event.kind) {
    case 'link-up':
    case 'link-down':
    case 'drained':
      return `hears ${event.kind} of ${partyName(event.peer)}`;
    case 'peer-message':
      return `hears of ${partyName(event.peer)}: ${describePeer(event.message)}`;
    case 'client-message':
      return `hears of a client: ${event.message.kind}`;
    case 'command':
      return `is told: ${event.command.kind}`;
    default:
      return `hears ${event.kind}`;
  }
}

export function describeWrite(write: StoreWrite): string {
  switch (write.kind) {
    case 'keep-batch':
      return `keep-batch ${short(write.batch.digest)}`;
    case 'mark-safe':
      return `mark-safe ${write.batches.map(brief).join(' ')}`;
    case 'seal-pool':
      return `seal-pool ${write.pool.number} (${brief(write.pool.digest)}): ${write.pool.batches.map(brief).join(' ')}, ${write.pool.accepted} accepted`;
    case 'commit-tally':
      return `commit-tally of ${write.tally.count} pools, run ${brief(write.tally.runId)}`;
    case 'finalise':
    case 'step-back':
      return `${write.kind} of ${write.count} pools`;
    case 'end-rebuild':
      return `end-rebuild with ${write.tally?.count ?? 0} pools, run ${brief(write.tally?.runId ?? '-')}, epoch ${write.epoch}`;
    case 'keep-release':
      return `keep-release of pool ${write.release.pool}, ${write.release.votes} votes${write.release.agreed ? ', agreed' : ''}${write.release.shown ? ', shown' : ''}${write.release.forced ? ', forced' : ''}`;
    case 'drop-release':
      return `drop-release of pool ${write.pool}`;
    case 'audit':
      return `audit ${write.what}: ${write.detail}`;
    default:
      return write.kind;
  }
}
