/** One thing that a voter may want to know, and what each of the three programs has to say to it. */
export interface Guarantee {
  readonly question: string;
  readonly own: string;
  readonly prio3: string;
  readonly jiff: string;
}

/**
 * What the rows of the comparison protect, and against whom. Taken from docs/protocol.md; from draft-irtf-cfrg-vdaf-08,
 * which @divviup/prio3 0.8 says it conforms to; and from README.md and the code of jiff-mpc 1.0.0.
 */
export const guarantees: readonly Guarantee[] = [
  {
    question: 'A vote stays secret',
    own: 'from each of three servers, unless two put together what they hold',
    prio3: 'from both aggregators, as long as one of the two is honest',
    jiff: 'from each of three parties, unless two put together what they hold (threshold 2, chosen here)',
  },
  {
    question: 'The tally is right',
    own: 'if all three servers compute as they should: one that computes wrongly, and vouches for it, is not found out',
    prio3: 'whatever clients send, if both aggregators compute as they should',
    jiff: 'if all three parties compute as they should: its README promises security against semi-honest adversaries',
  },
  {
    question: 'A ballot is one vote or none',
    own: 'by construction: XOR fragments are always a bit. Casters, who are admitted by name, are trusted with what it is',
    prio3:
      'a proof with every ballot, which the aggregators check together. The client is not trusted',
    jiff: 'not by itself. Where it says "checked", x(x-1) is computed and opened for every ballot',
  },
  {
    question: 'One voter, one ballot',
    own: 'the first ballot of a voter counts, others are left out',
    prio3: 'not part of it: left to the application',
    jiff: 'not part of it: left to the application',
  },
  {
    question: 'Needed for a tally',
    own: 'all three servers; two to accept ballots meanwhile',
    prio3: 'both aggregators',
    jiff: 'all three parties and the relay, at the same time',
  },
  {
    question: 'Kept',
    own: 'on disk before it is acknowledged. Survives crashes, and the loss of one disk of three. (In one process: nothing)',
    prio3: 'nothing: a library without storage',
    jiff: 'in memory; the relay keeps what was not yet delivered, in memory',
  },
  {
    question: 'On the way',
    own: 'TLS 1.3, certificates on both sides, no one in between. (In one process: nothing is sent)',
    prio3: 'nothing is sent: encryption and transport are left to a protocol around it',
    jiff: 'boxes of libsodium in JSON, over plain WebSockets of this machine. The relay hands out the public keys, so it is trusted with them',
  },
];
