import type { Bytes } from '../base/bytes.ts';
import type { ClientRole } from '../election/clients.ts';
import type { Party } from '../mpc/parties.ts';
import type { ClientReply, ClientRequest } from '../wire/client-messages.ts';
import type { PeerMessage } from '../wire/peer-messages.ts';
import type { OperatorCommand } from './commands.ts';
import type { StoreWrite } from './ports.ts';

/** Who a client is, from its certificate. */
export interface ClientIdentity {
  readonly fingerprint: Bytes;
  readonly roles: readonly ClientRole[];
}

/** What can happen to a fragment server. */
export type FragmentEvent =
  /** A link with its peer's certificate checked; `secret` is exported from its TLS connection. */
  | { readonly kind: 'link-up'; readonly peer: Party; readonly secret: Bytes }
  | { readonly kind: 'link-down'; readonly peer: Party }
  | { readonly kind: 'peer-message'; readonly peer: Party; readonly message: PeerMessage }
  /** All that was sent on this link has left. */
  | { readonly kind: 'drained'; readonly peer: Party }
  | {
      readonly kind: 'client-message';
      readonly connection: number;
      readonly client: ClientIdentity;
      readonly message: ClientRequest;
    }
  | { readonly kind: 'client-gone'; readonly connection: number }
  | {
      readonly kind: 'command';
      readonly id: number;
      readonly command: OperatorCommand;
      readonly deadline: number;
    }
  /** The list of clients is another one now. */
  | { readonly kind: 'casters-changed' }
  /** The time that was asked for has come. */
  | { readonly kind: 'time' };

export type NoticeLevel = 'info' | 'warning' | 'alarm';

/**
 * What a fragment server wants done, in this order: every `store` before whatever is sent after it.
 * Sends of one event leave only once its stores are committed.
 */
export type FragmentEffect =
  | { readonly kind: 'store'; readonly write: StoreWrite }
  | { readonly kind: 'send-peer'; readonly to: Party; readonly message: PeerMessage }
  | { readonly kind: 'send-client'; readonly connection: number; readonly message: ClientReply }
  | { readonly kind: 'close-peer'; readonly peer: Party; readonly reason: string }
  | {
      readonly kind: 'answer';
      readonly id: number;
      readonly lines: readonly string[];
      readonly ok: boolean;
    }
  | { readonly kind: 'notice'; readonly level: NoticeLevel; readonly text: string };

/** What leaves a server, once all that it depends on is stored. */
export type SentEffect = Exclude<FragmentEffect, { readonly kind: 'store' }>;
