import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { asciiGlyphs, type Glyphs, unicodeGlyphs } from './glyphs.ts';

/** Decided before Ink is loaded: plain Node starts in a tenth of the time, and some of it is read while Ink loads. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Surroundings {
  readonly stdinIsTty: boolean;
  readonly stdoutIsTty: boolean;
  readonly env: Environment;
  /** Lines were asked for on the command line. */
  readonly plain: boolean;
}

/** Whether the picture is shown, or lines: these work in pipes, on the simplest terminals and with screen readers. */
export function choosesInk({ stdinIsTty, stdoutIsTty, env, plain }: Surroundings): boolean {
  return (
    stdinIsTty &&
    stdoutIsTty &&
    !plain &&
    env['TERM'] !== 'dumb' &&
    !isSet(env['INK_SCREEN_READER'])
  );
}

/** Signs that the terminal can show: box drawing only where the locale says UTF-8. */
export function glyphsFor(env: Environment): Glyphs {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find(isSet) ?? '';
  const isUnicode = env['FRIBS_ASCII'] !== '1' && /utf-?8/i.test(locale);
  return isUnicode ? unicodeGlyphs : asciiGlyphs;
}

/**
 * What Ink, chalk and React read once, while they load. In "CI" Ink shows nothing; chalk does not know NO_COLOR; React
 * without a NODE_ENV is its slow development build; DEV makes Ink look for developer tools.
 */
export function prepareForInk(env: Record<string, string | undefined>): void {
  delete env['CI'];
  delete env['CONTINUOUS_INTEGRATION'];
  delete env['DEV'];
  if (isSet(env['NO_COLOR'])) {
    env['FORCE_COLOR'] = '0';
  }
  if (!isSet(env['NODE_ENV'])) {
    env['NODE_ENV'] = 'production';
  }
  loadAhead('es-toolkit/compat');
}

/**
 * Ink takes one function from a library of several hundred files. Required, they load in half the time that they take as
 * imports, which is a sixth of the time to the first picture.
 */
function loadAhead(library: string): void {
  try {
    createRequire(import.meta.url)(fileURLToPath(import.meta.resolve(library)));
  } catch {
    // Installed elsewhere, or not to be required: Ink finds it by itself.
  }
}

const isSet = (value: string | undefined): value is string => value !== undefined && value !== '';
