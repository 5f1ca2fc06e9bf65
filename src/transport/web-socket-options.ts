import { limits } from '../base/limits.ts';

/** For both ends: frames are binary and bounded, and what is random is not worth compressing. */
export const webSocketOptions = {
  maxPayload: limits.frameBytesMax,
  perMessageDeflate: false,
} as const;
