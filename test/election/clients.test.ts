import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/crypto/hashes.ts';
import {
  type ClientEntry,
  castersHash,
  formatClients,
  parseClients,
} from '../../src/election/clients.ts';
import { formatElection } from '../../src/election/file.ts';
import { certificate, sampleElection } from './samples.ts';

const client = (name: string, roles: ClientEntry['roles'], of = name): ClientEntry => ({
  name,
  fingerprint: sha256(certificate(of)),
  certificate: certificate(of),
  roles,
});

const station = client('station 1', ['caster']);
const office = client('office', ['teller', 'caster']);
const press = client('press', ['teller']);

const parse = (clients: readonly ClientEntry[]) =>
  parseClients(formatClients(clients), sampleElection(), sha256);

const altered = (change: (entry: Record<string, unknown>) => void): string => {
  const file = JSON.parse(formatClients([station])) as { clients: Record<string, unknown>[] };
  file.clients.forEach(change);
  return JSON.stringify(file);
};

describe('a file of clients', () => {
  it('comes back as it was', () => {
    for (const clients of [[], [station], [station, office, press]]) {
      expect(parse(clients)).toEqual({ ok: true, value: clients });
    }
  });

  const faults: [string, string, string][] = [
    ['no JSON', 'x', 'not JSON'],
    ['an election', formatElection(sampleElection()), 'is not a file of clients'],
    [
      'another version',
      JSON.stringify({ format: 'FRIBs clients', formatVersion: 9, clients: [] }),
      'has format version 9',
    ],
    [
      'an unknown field',
      JSON.stringify({ format: 'FRIBs clients', formatVersion: 1, clients: [], x: 1 }),
      'has an unknown field "x"',
    ],
    [
      "a server's fingerprint",
      formatClients([station, client('sly', ['teller'], 'b')]),
      'clients[1]: has the fingerprint of fragment server b, which must not be a client',
    ],
    [
      'a client twice',
      formatClients([station, { ...station, name: 'other' }]),
      'clients[1]: has the fingerprint of client station 1',
    ],
    [
      'a name twice',
      formatClients([station, { ...press, name: 'station 1' }]),
      'clients[1]: has the name of another: station 1',
    ],
    [
      'a fingerprint of another certificate',
      formatClients([{ ...station, certificate: certificate('x') }]),
      'clients[0].fingerprint: is not the SHA-256',
    ],
    ['no role', altered((entry) => Object.assign(entry, { roles: [] })), 'roles: is empty'],
    [
      'a role twice',
      altered((entry) => Object.assign(entry, { roles: ['caster', 'caster'] })),
      'roles: names a role twice',
    ],
    [
      'an unknown role',
      altered((entry) => Object.assign(entry, { roles: ['king'] })),
      'roles[0]: must be one of caster, teller, not "king"',
    ],
    ['no name', altered((entry) => Object.assign(entry, { name: '' })), 'name: is empty'],
  ];
  it.each(faults)('is refused with %s', (_, text, reason) => {
    expect(parseClients(text, sampleElection(), sha256)).toEqual({
      ok: false,
      reason: expect.stringContaining(reason),
    });
  });
});

describe('the hash of the casters', () => {
  it('is that of a set: of casters, in any order, under any name', () => {
    const hash = castersHash([station, office], sha256);
    expect(castersHash([office, station], sha256)).toEqual(hash);
    expect(castersHash([press, office, { ...station, name: 'x' }], sha256)).toEqual(hash);
    expect(castersHash([office], sha256)).not.toEqual(hash);
    expect(castersHash([station], sha256)).not.toEqual(castersHash([office], sha256));
    expect(castersHash([press], sha256)).toEqual(castersHash([], sha256));
  });
});
