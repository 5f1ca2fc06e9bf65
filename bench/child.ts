import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

const endMs = 5_000;

/** What a child says that could not do what it was asked. */
export interface Failed {
  readonly kind: 'failed';
  readonly reason: string;
}

/** A process of the benchmark's own that does as it is asked, one thing at a time, and ends with this one. */
export class Child<Task extends object, Reply extends { readonly kind: string }> {
  readonly #child: ChildProcess;
  readonly #name: string;

  /** The program ends by itself when it is disconnected. */
  constructor(program: string, name: string) {
    this.#child = fork(program, { serialization: 'advanced' });
    this.#name = name;
  }

  ask<Kind extends Reply['kind']>(
    wanted: Kind,
    task: Task,
    answerMs: number,
  ): Promise<Extract<Reply, { readonly kind: Kind }>> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        this.#child.off('message', hear);
        this.#child.off('exit', gone);
      };
      const fail = (why: string) => {
        end();
        reject(new Error(`${this.#name}: ${why}`));
      };
      const isWanted = (reply: Reply): reply is Extract<Reply, { readonly kind: Kind }> =>
        reply.kind === wanted;
      const hear = (reply: Reply | Failed) => {
        if (isFailed(reply)) {
          fail(reply.reason);
        } else if (isWanted(reply)) {
          end();
          resolve(reply);
        } else {
          fail(`it answered ${reply.kind} instead of ${wanted}`);
        }
      };
      const gone = () => fail('it ended');
      const timer = setTimeout(() => fail(`not ${wanted} in time`), answerMs);
      this.#child.on('message', hear);
      this.#child.once('exit', gone);
      this.#child.send(task);
    });
  }

  async end(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, 'exit');
      this.#child.disconnect();
      const killer = setTimeout(() => this.#child.kill('SIGKILL'), endMs);
      await gone;
      clearTimeout(killer);
    }
  }
}

const isFailed = (reply: { readonly kind: string }): reply is Failed => reply.kind === 'failed';
