import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { good, type Result, refused } from '../base/result.ts';
import { socketLimits } from './socket-limits.ts';

/** Bytes that the longest name of a socket in a server's directory takes, with its slash. */
const nameBytesMax = 32;

const controlName = 'control.sock';

/**
 * The path of a server's control socket, which is always in the server's own directory. Where that lies too deep for
 * the path of a unix socket, the path leads there through a short symbolic link.
 */
export function controlPath(serverDirectory: string): Result<string> {
  const directory = socketDirectory(serverDirectory);
  return directory.ok ? good(path.join(directory.value, controlName)) : directory;
}

/**
 * A short way to `serverDirectory` for sockets in it. The link is made where only this user can, so
 * it does not matter that another program may come by another one: the directory at its end is the same.
 */
export function socketDirectory(serverDirectory: string): Result<string> {
  const absolute = path.resolve(serverDirectory);
  if (fits(absolute)) {
    return good(absolute);
  }
  const hash = createHash('sha256').update(absolute).digest('hex').slice(0, 16);
  const base = runtimeDirectories().find((directory) => fits(path.join(directory, hash)));
  if (base === undefined) {
    return refused(`The path ${absolute} is too long for a unix socket: move the data up (--dir).`);
  }
  try {
    return linkIn(base, hash, absolute);
  } catch (error) {
    return refused(`Cannot make a short way to ${absolute} in ${base}: ${String(error)}`);
  }
}

const fits = (directory: string): boolean =>
  Buffer.byteLength(directory) + nameBytesMax <= socketLimits.socketPathBytesMax;

function runtimeDirectories(): readonly string[] {
  const { XDG_RUNTIME_DIR: own } = process.env;
  const user = `fribs-${process.getuid?.() ?? 'user'}`;
  return [
    ...(own === undefined || !path.isAbsolute(own) ? [] : [path.join(own, 'fribs')]),
    path.join(os.tmpdir(), user),
    path.join('/tmp', user),
  ];
}

function linkIn(base: string, name: string, target: string): Result<string> {
  mkdirSync(base, { recursive: true, mode: 0o700 });
  const found = lstatSync(base);
  const mine = process.getuid === undefined || found.uid === process.getuid();
  if (!found.isDirectory() || !mine || (found.mode & 0o077) !== 0) {
    return refused(
      `${base} is not a directory of this user alone: remove it or make it so (chmod 700).`,
    );
  }
  const link = path.join(base, name);
  if (!pointsTo(link, target)) {
    rmSync(link, { force: true });
    try {
      symlinkSync(target, link);
    } catch (error) {
      // Another process of this user may have made it just now.
      if (!pointsTo(link, target)) {
        throw error;
      }
    }
  }
  return good(link);
}

function pointsTo(link: string, target: string): boolean {
  try {
    return readlinkSync(link) === target;
  } catch {
    return false;
  }
}
