import type { NoticeLevel } from '../fragment/events.ts';
import type { ServerLog } from './server-log.ts';

/** Lines that a console sees when it attaches. */
const recentMax = 200;

export interface NoticeSink {
  /** A console's or terminal's copy of the line. */
  show(line: string): void;
}

/** What happens, in lines for operators: to the log file, to consoles, and kept for those that come later. */
export class Notices {
  readonly #log: ServerLog;
  readonly #sink: NoticeSink;
  readonly #recent: string[] = [];

  constructor(log: ServerLog, sink: NoticeSink) {
    this.#log = log;
    this.#sink = sink;
  }

  get recent(): readonly string[] {
    return this.#recent;
  }

  say(level: NoticeLevel, text: string): void {
    const line = level === 'alarm' ? `ALARM: ${text}` : text;
    this.#log.logger[logLevels[level]](text);
    this.#recent.push(line);
    if (this.#recent.length > recentMax) {
      this.#recent.shift();
    }
    this.#sink.show(line);
  }

  /** For the log file alone. */
  log(text: string): void {
    this.#log.logger.info(text);
  }
}

const logLevels = { info: 'info', warning: 'warn', alarm: 'error' } as const;
