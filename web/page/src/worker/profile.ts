// One profile at work: the core, its doors and its wake-up.
//
// Made by keeper.ts. Every call into the core is one turn: what it asks for is performed in order before
// anything else happens. Never decides anything.
import type { Command, Event, Fault, Looks, NoticeToPage } from "../bridge/contract";
import { type Key, Profile as Core } from "./core/core.js";
import { type DoorName, Doors } from "./doors";
import { asFault, isTrap } from "./fault";

const soonest = 1;
const latest = 60_000;

export class Profile {
  private readonly core: Core;
  private readonly doors: Doors;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private told = "";
  private isTelling = false;

  /** Throws a Fault where the database does not open. */
  constructor(
    key: Key,
    private readonly tell: (notice: NoticeToPage) => void,
    /** The core stopped for good, or the account is gone. */
    private readonly over: (why: Fault | null) => void,
  ) {
    this.core = Core.open(key, Date.now());
    this.doors = new Doors({
      opened: (door) => this.turn(() => this.core.opened(door, Date.now())),
      shut: (door) => this.turn(() => this.core.shut(door, Date.now())),
      told: (door, frame) => this.turn(() => this.core.told(door, frame, Date.now())),
      changed: () => this.tellSoon(),
    });
    this.doors.open();
    this.wake();
  }

  command(command: Command): Event[] {
    try {
      return JSON.parse(this.core.command(JSON.stringify(command), Date.now())) as Event[];
    } catch (thrown) {
      throw this.heed(thrown);
    } finally {
      this.perform();
    }
  }

  look<K extends keyof Looks>(what: K, ask: unknown): Looks[K]["answer"] {
    try {
      return JSON.parse(this.core.look(JSON.stringify({ ...(ask as object), look: what }))) as Looks[K]["answer"];
    } catch (thrown) {
      throw this.heed(thrown);
    }
  }

  rekey(key: Key): void {
    this.core.rekey(key);
  }

  hurry(): void {
    this.doors.hurry();
  }

  network(isOnline: boolean): void {
    this.doors.network(isOnline);
  }

  /** Closes the doors, then the database. */
  close(): void {
    this.doors.stop();
    clearTimeout(this.timer);
    this.core.free();
  }

  /** The core is not to be touched any more. */
  abandon(): void {
    this.doors.stop();
    clearTimeout(this.timer);
  }

  /** False where what came was not good. */
  private turn(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (thrown) {
      this.heed(thrown);
      return false;
    } finally {
      this.perform();
    }
  }

  private heed(thrown: unknown): unknown {
    if (isTrap(thrown)) this.over(asFault(thrown));
    return thrown;
  }

  private perform(): void {
    const reopened: DoorName[] = [];
    let isClosed = false;
    try {
      for (let work = this.core.poll(); work; work = this.core.poll()) {
        const { door, frame, event, disk } = work;
        if (door && frame) this.doors.send(door as DoorName, frame, work.isAnswered);
        else if (door) reopened.push(door as DoorName);
        else if (event) {
          const told = JSON.parse(event) as Event;
          isClosed ||= told.event === "accountClosed";
          this.tell({ notice: "event", event: told });
        } else if (disk) this.tell({ notice: "disk", fault: JSON.parse(disk) as Fault });
        work.free();
      }
    } catch (thrown) {
      this.over(asFault(thrown));
      return;
    }
    if (isClosed) return this.over(null);
    this.wake();
    this.tellSoon();
    // Last, since shutting a door is a turn of its own.
    for (const door of reopened) this.doors.reopen(door);
  }

  private wake(): void {
    clearTimeout(this.timer);
    const pause = Math.min(latest, Math.max(soonest, this.core.wakeAt() - Date.now()));
    this.timer = setTimeout(() => this.turn(() => this.core.tick(Date.now())), pause);
  }

  /** Once for all that happens now. */
  private tellSoon(): void {
    if (this.isTelling) return;
    this.isTelling = true;
    setTimeout(() => {
      this.isTelling = false;
      this.tellConnection();
    }, 0);
  }

  private tellConnection(): void {
    try {
      const connection = this.look("connection", {});
      const { retryAt, reached } = this.doors;
      const now = JSON.stringify([connection, retryAt, reached]);
      if (now !== this.told) this.tell({ notice: "connection", connection, retryAt, reached });
      this.told = now;
    } catch {
      // Closed meanwhile, or the disk fails: whoever looks next is told.
    }
  }
}
