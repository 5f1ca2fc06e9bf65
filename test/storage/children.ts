import process from 'node:process';
import { Outbox } from '../../src/storage/outbox.ts';
import { ShareTables } from '../../src/storage/share-tables.ts';
import {
  batchOf,
  commit,
  keepBatch,
  messageOf,
  outboxBatch,
  sealedBatch,
  sealPool,
  terms,
} from './fixtures.ts';

const ready = (): void => {
  process.stdout.write('ready\n');
};

/** Commits a sealed pool of one batch, and then gets into the middle of a large group. */
export function stopInTheMiddleOfAGroup(file: string): void {
  const tables = ShareTables.create(file, { ...terms, bornWhole: true });
  const one = batchOf('one', [1]);
  commit(tables, keepBatch(one), sealPool(0, [sealedBatch(one)]));
  tables.begin();
  // Larger than SQLite's cache, so that a part of it is on the disk by now.
  const voters = Array.from({ length: 65_536 }, (_, i) => 10 + i);
  for (let i = 0; i < 160; i++) {
    tables.apply(keepBatch(batchOf(`unfinished ${i}`, voters, 64)));
  }
  tables.apply(sealPool(1, [sealedBatch(batchOf('unfinished 0', voters, 64))], 1));
  ready();
}

/** Starts a job of two batches and holds on to it. */
export function holdAnOutbox(folder: string): void {
  const outbox = Outbox.create(folder, { id: 'job-1', details: { start: 4_000, count: 157 } });
  outbox.keep([outboxBatch(0, [1, 2, 3]), outboxBatch(1, [4])], { next: 4 });
  outbox.mark([{ seq: 0, acks: 0b101, state: 'cast' }]);
  ready();
}

/** Keeps one batch, and then gets into the middle of keeping many. */
export function stopInTheMiddleOfKeeping(folder: string): void {
  const outbox = Outbox.create(folder, { id: 'job-1', details: null });
  outbox.keep([outboxBatch(0, [1])], { next: 1 });
  const message = messageOf(1);
  const many = Array.from({ length: 2_500 }, (_, i) => outboxBatch(i + 1, [i + 2], message));
  // The progress is written last, when most of the batches are in the file.
  outbox.keep(many, {
    toJSON: () => {
      ready();
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    },
  });
}
