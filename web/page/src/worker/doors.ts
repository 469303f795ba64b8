// The two doors of the server: kept open for as long as a profile is, each by itself.
//
// Called by profile.ts. Sends what it is given and hands on what comes. Never looks into a frame.
//
//          ┌─ pause, longer each time, jittered ◄─┐
//          ▼                                      │
//   connect ──► opened ──► frames both ways ──► shut
export type DoorName = "anonymous" | "device";

export interface Hears {
  opened(door: DoorName): void;
  shut(door: DoorName): void;
  /** False: what came is not in the contract. */
  told(door: DoorName, frame: Uint8Array): boolean;
  changed(): void;
}

const names: DoorName[] = ["anonymous", "device"];
const patience = 10_000;
const silence = 20_000;
const first = 400;
const longest = 30_000;
const good = 20_000;
const look = 5_000;
/** So long an attempt may take before somebody who is in a hurry gets another one. */
const hanging = 2_000;
/** So long asleep, and no line can be trusted. */
const slept = 60_000;

class Door {
  private socket: WebSocket | null = null;
  private isOpen = false;
  private begunAt = 0;
  private openedAt = 0;
  private pause = first;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Since when an answer is owed. */
  private owed: number | null = null;
  private isStopped = false;
  retryAt: number | null = null;
  reached = false;

  constructor(
    private readonly name: DoorName,
    private readonly hears: Hears,
  ) {}

  connect(): void {
    if (this.isStopped || this.socket) return;
    clearTimeout(this.timer);
    this.retryAt = null;
    const socket = new WebSocket(new URL(`/v1/${this.name}`, self.location.origin.replace(/^http/, "ws")));
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.begunAt = performance.now();
    this.timer = setTimeout(() => this.ended(socket), patience);
    socket.onopen = () => {
      if (this.socket !== socket) return;
      clearTimeout(this.timer);
      this.isOpen = this.reached = true;
      this.openedAt = performance.now();
      this.hears.opened(this.name);
      this.hears.changed();
    };
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (this.socket !== socket) return;
      this.owed = null;
      if (!(event.data instanceof ArrayBuffer) || !this.hears.told(this.name, new Uint8Array(event.data))) this.ended(socket);
    };
    socket.onclose = socket.onerror = () => this.ended(socket);
  }

  send(frame: Uint8Array, isAnswered: boolean): void {
    if (!this.isOpen || !this.socket) return;
    this.socket.send(frame as Uint8Array<ArrayBuffer>);
    if (isAnswered) this.owed ??= performance.now();
  }

  /** Shuts it and opens it again. */
  reopen(): void {
    if (this.socket) this.ended(this.socket);
  }

  hurry(): void {
    if (this.socket && (this.isOpen || performance.now() - this.begunAt < hanging)) return;
    this.letGo();
    this.pause = first;
    this.connect();
  }

  /** An answer that does not come means that the line is dead, whatever the browser thinks of it. */
  examine(): void {
    if (this.owed === null || !this.socket) return;
    if (this.socket.bufferedAmount > 0) this.owed = performance.now();
    else if (performance.now() - this.owed > silence) this.ended(this.socket);
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    this.letGo();
  }

  private letGo(): void {
    const socket = this.socket;
    this.socket = this.owed = null;
    this.isOpen = false;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    socket.close();
  }

  private ended(socket: WebSocket): void {
    if (this.socket !== socket) return;
    const wasOpen = this.isOpen;
    this.letGo();
    clearTimeout(this.timer);
    if (this.isStopped) return;
    if (!wasOpen) this.reached = false;
    else if (performance.now() - this.openedAt > good) this.pause = first;
    // Jitter: a server that comes back is not met by everybody at once.
    const pause = Math.min(longest, this.pause * (1 + Math.random()));
    this.pause = Math.min(longest, this.pause * 1.8);
    this.retryAt = Date.now() + pause;
    this.timer = setTimeout(() => this.connect(), pause);
    if (wasOpen) this.hears.shut(this.name);
    this.hears.changed();
  }
}

export class Doors {
  private readonly doors: Record<DoorName, Door>;
  private readonly watch: ReturnType<typeof setInterval>;
  private lookedAt = Date.now();

  constructor(hears: Hears) {
    this.doors = { anonymous: new Door("anonymous", hears), device: new Door("device", hears) };
    this.watch = setInterval(() => this.examine(), look);
  }

  open(): void {
    for (const name of names) this.doors[name].connect();
  }

  send(door: DoorName, frame: Uint8Array, isAnswered: boolean): void {
    this.doors[door].send(frame, isAnswered);
  }

  reopen(door: DoorName): void {
    this.doors[door].reopen();
  }

  hurry(): void {
    for (const name of names) this.doors[name].hurry();
  }

  /** The browser has a network again: lines of before may hang, and waiting is over. */
  network(isOnline: boolean): void {
    if (!isOnline) return;
    for (const name of names) this.doors[name].reopen();
    this.hurry();
  }

  stop(): void {
    clearInterval(this.watch);
    for (const name of names) this.doors[name].stop();
  }

  get retryAt(): number | null {
    const all = names.map((name) => this.doors[name].retryAt).filter((at) => at !== null);
    return all.length > 0 ? Math.min(...all) : null;
  }

  get reached(): boolean {
    return names.every((name) => this.doors[name].reached);
  }

  private examine(): void {
    const now = Date.now();
    const gap = now - this.lookedAt;
    this.lookedAt = now;
    for (const name of names) {
      if (gap > slept) this.doors[name].reopen();
      else this.doors[name].examine();
    }
    if (gap > slept) this.hurry();
  }
}
