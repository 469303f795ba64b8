// What guards the database: its header, and the secret where no passphrase does. One row of an IndexedDB,
// because a row is replaced whole or not at all; when a call resolves, it is on the disk.
export interface Guard {
  header: Uint8Array;
  /** Opens the header where there is no passphrase. */
  secret: Uint8Array | null;
}

const name = "waxseal";
const table = "guard";
const row = 1;

const open = (): Promise<IDBDatabase> =>
  new Promise((done, failed) => {
    const asked = indexedDB.open(name, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(table);
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });

async function within<T>(mode: IDBTransactionMode, work: (rows: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  try {
    return await new Promise((done, failed) => {
      const turn = database.transaction(table, mode, { durability: "strict" });
      const asked = work(turn.objectStore(table));
      turn.oncomplete = () => done(asked.result);
      turn.onabort = () => failed(turn.error ?? asked.error);
    });
  } finally {
    database.close();
  }
}

export const guard = (): Promise<Guard | undefined> => within("readonly", (rows) => rows.get(row) as IDBRequest<Guard | undefined>);

export const keepGuard = async (kept: Guard): Promise<void> => void (await within("readwrite", (rows) => rows.put(kept, row)));

export const forgetGuard = (): Promise<undefined> => within("readwrite", (rows) => rows.delete(row));
