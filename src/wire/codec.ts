import { Encoder } from 'cbor-x/encode';
import type { z } from 'zod';
import { assert } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { limits } from '../base/limits.ts';
import { good, type Refusal, type Result, refused } from '../base/result.ts';
import {
  type ClientReply,
  type ClientRequest,
  clientReply,
  clientRequest,
} from './client-messages.ts';
import { type PeerMessage, peerMessage } from './peer-messages.ts';
import { frameFault } from './scan.ts';

/**
 * Plain CBOR: objects as maps, byte strings untagged, no records, no references. (`cbor-x/encode` is the
 * library without its native string reader, which has no business with bytes from a network.) Integers from
 * 2^32 on are written as doubles, which hold them exactly up to 2^53; 64-bit ones are read as numbers. Byte strings
 * are read as copies, so that nothing keeps, or shares, the frame.
 */
const settings = {
  useRecords: false,
  mapsAsObjects: true,
  variableMapSize: true,
  tagUint8Array: false,
  copyBuffers: true,
  int64AsNumber: true,
};
const cbor = new Encoder(settings);

/** Characters of a fault that are told: parts of it are whatever the other end sent. */
const faultCharactersMax = 200;

function encode(message: unknown): Bytes {
  // The encoder hands out views into a buffer that it goes on using: a copy holds on to no more than it needs.
  const frame = new Uint8Array(cbor.encode(message));
  assert(frame.length <= limits.frameBytesMax, `a message of ${frame.length} bytes fits no frame`);
  return frame;
}

function decode<T>(schema: z.ZodType<T>, frame: Bytes): Result<T> {
  if (frame.length > limits.frameBytesMax) {
    return malformed(`longer than ${limits.frameBytesMax} bytes`);
  }
  const fault = frameFault(frame);
  if (fault !== null) {
    return malformed(fault);
  }
  let value: unknown;
  try {
    // A view of our own: the decoder leaves a mark on what it reads.
    value = cbor.decode(new Uint8Array(frame.buffer, frame.byteOffset, frame.length));
  } catch {
    return malformed('not readable');
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? good(parsed.data) : malformed(firstIssue(parsed.error));
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? 'message' : issue.path.join('.');
  return `${where}: ${issue?.message ?? 'wrong'}`;
}

function malformed(fault: string): Refusal {
  const printable = fault.replaceAll(/[^\x20-\x7e]/g, '?');
  return refused(`malformed message (${printable.slice(0, faultCharactersMax)})`);
}

export const encodePeer = (message: PeerMessage): Bytes => encode(message);
/** Never throws, whatever the bytes are; the reason names the first wrong field. */
export const decodePeer = (frame: Bytes): Result<PeerMessage> => decode(peerMessage, frame);

export const encodeClientRequest = (message: ClientRequest): Bytes => encode(message);
export const decodeClientRequest = (frame: Bytes): Result<ClientRequest> =>
  decode(clientRequest, frame);

export const encodeClientReply = (message: ClientReply): Bytes => encode(message);
export const decodeClientReply = (frame: Bytes): Result<ClientReply> => decode(clientReply, frame);
