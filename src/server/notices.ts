import type { NoticeLevel } from '../fragment/events.ts';
import type { Notice } from '../transport/control-messages.ts';
import type { ServerLog } from './server-log.ts';
import { steadyNow } from './steady-now.ts';

/** Notices that a console sees when it attaches. */
const recentMax = 200;
/** Alarms are kept beside them, as what happens all the time must not push them out. */
const alarmsMax = 20;

export interface NoticeSink {
  /** A console's or terminal's copy. */
  show(notice: Notice): void;
}

/** What happens, for operators: to the log file, to consoles, and kept for those that come later. */
export class Notices {
  readonly #log: ServerLog;
  readonly #sink: NoticeSink;
  readonly #recent: Notice[] = [];
  readonly #alarms: Notice[] = [];

  constructor(log: ServerLog, sink: NoticeSink) {
    this.#log = log;
    this.#sink = sink;
  }

  /** In order of time. */
  get recent(): readonly Notice[] {
    const older = this.#alarms.filter((alarm) => !this.#recent.includes(alarm));
    return [...older, ...this.#recent];
  }

  say(level: NoticeLevel, text: string): void {
    const notice = { at: steadyNow(), level, text };
    this.#log.logger[logLevels[level]](text);
    keep(this.#recent, notice, recentMax);
    if (level === 'alarm') {
      keep(this.#alarms, notice, alarmsMax);
    }
    this.#sink.show(notice);
  }

  /** For the log file alone. */
  log(text: string): void {
    this.#log.logger.info(text);
  }
}

const logLevels = { info: 'info', warning: 'warn', alarm: 'error' } as const;

function keep(list: Notice[], notice: Notice, max: number): void {
  list.push(notice);
  if (list.length > max) {
    list.shift();
  }
}
