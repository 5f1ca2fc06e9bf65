import { CircuitParty } from './links/circuit-party.ts';
import { serveParent } from './serve-parent.ts';

/* A process that plays one server in runs of the tally circuit (links/parties.ts). */

const party = new CircuitParty((reason) => fail(reason));
const fail = serveParent(party.perform.bind(party));
