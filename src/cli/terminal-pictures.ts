import process from 'node:process';
import { choosesInk } from '../console/mode.ts';

/** Whether there is a terminal here that can show pictures, and nobody has asked for lines. */
export const showsPictures = (plain: boolean): boolean =>
  choosesInk({
    stdinIsTty: process.stdin.isTTY === true,
    stdoutIsTty: process.stdout.isTTY === true,
    env: process.env,
    plain,
  });
