import type { Party } from '../mpc/parties.ts';
import { serverName } from './server-link.ts';
import { type Absent, nameAbsent } from './servers.ts';

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Lines for the person who casts: each thing is said once. */
export class Notices {
  readonly #say: (line: string) => void;
  readonly #topics = new Set<string>();
  /** Servers that were said to be away. */
  readonly #told = new Set<Party>();

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Says the first line on a topic and no other. */
  once(topic: string, line: string): void {
    if (!this.#topics.has(topic)) {
      this.#topics.add(topic);
      this.#say(line);
    }
  }

  /** These servers have been away for a moment: says so, and what that means for casting. */
  away(absent: readonly Absent[]): void {
    const news = absent.filter(({ party }) => !this.#told.has(party));
    for (const { party } of news) {
      this.#told.add(party);
    }
    if (news.length === 0) {
      return;
    }
    const gone = news.every(({ forGood }) => forGood) ? 'cannot be used' : 'cannot be reached';
    const who = capital(nameAbsent(news));
    const consequence =
      absent.length === 1
        ? 'Casting goes on with the two others; tallying waits for it.'
        : `A ballot is cast once two servers have it: waiting for ${absent.length === 2 ? 'one' : 'two'} of them.`;
    this.#say(`${who} ${gone}. ${consequence}`);
  }

  back(party: Party): void {
    if (this.#told.delete(party)) {
      this.#say(`${capital(serverName(party))} is connected.`);
    }
  }
}
