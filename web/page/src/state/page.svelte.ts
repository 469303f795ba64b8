// The page's hold on the core: the client, what stage the profile is in, who we are, how the connection stands.
//
// Views read the runes and call `act`; the other states listen to events. Never decides about a chat.
import { connect } from "waxseal-client";
import type { Command, Connection, Event, Fault, Me, NoticeToPage, Stage } from "../bridge/contract";
import { installed } from "../shell/installed.svelte";
import { asFault } from "./faults";
import { toasts } from "./toasts.svelte";

export type Line = { connection: Connection; retryAt: number | null; reached: boolean };
type Hear = (event: Event) => void;

class Page {
  readonly client = connect();
  stage = $state.raw<Stage | null>(null);
  me = $state.raw<Me | null>(null);
  isLinking = $state(false);
  line = $state.raw<Line | null>(null);
  /** Storage failed; nothing was changed. */
  disk = $state.raw<Fault | null>(null);
  /** Something about the whole device that a person must get to read. */
  grave = $state.raw<Fault | null>(null);
  /** Why registering or linking did not work. */
  refusal = $state.raw<Fault | null>(null);
  isSignedOut = $state(false);
  isClosed = $state(false);
  private readonly ears = new Set<Hear>();
  private readonly opened = new Set<() => void>();
  /** What the core has not answered, or not been asked yet: until then, what it says is nowhere but here. */
  private underWay = 0;
  private idle: (() => void)[] = [];

  start(): void {
    this.client.listen((notice) => this.hear(notice));
    // For a moment after Enter a message is not on the disk yet.
    addEventListener("beforeunload", (event) => {
      if (this.underWay > 0) event.preventDefault();
    });
    this.client.stage().then(
      (stage) => this.enter(stage),
      (error: unknown) => this.enter({ stage: "broken", fault: asFault(error) }),
    );
  }

  /** Tells of every event from now on. */
  on(hear: Hear): () => void {
    this.ears.add(hear);
    return () => this.ears.delete(hear);
  }

  /** Calls back each time a profile was opened or shut, or belongs to an account now. */
  onOpen(call: () => void): void {
    this.opened.add(call);
  }

  /** Does it; what goes wrong is said at the foot of the page. Null: it was not done. */
  async act(command: Command): Promise<Event[] | null> {
    try {
      return await this.hold(this.client.command(command));
    } catch (error) {
      toasts.complain(asFault(error));
      return null;
    }
  }

  /** While it lasts, who leaves the page is asked. */
  async hold<T>(work: Promise<T>): Promise<T> {
    this.underWay++;
    try {
      return await work;
    } finally {
      if (--this.underWay === 0) for (const done of this.idle.splice(0)) done();
    }
  }

  /** When the core has answered everything that was asked of it. */
  isIdle(): Promise<void> {
    return this.underWay === 0 ? Promise.resolve() : new Promise((done) => this.idle.push(done));
  }

  async readMe(): Promise<void> {
    if (this.stage?.stage !== "open") return;
    try {
      [this.me, this.isLinking] = await Promise.all([this.client.look("me", {}), this.client.look("isLinking", {})]);
    } catch (error) {
      toasts.complain(asFault(error));
    }
  }

  private hear(notice: NoticeToPage): void {
    if (notice.notice === "event") this.happen(notice.event);
    else if (notice.notice === "stage") this.enter(notice.stage);
    else if (notice.notice === "connection") {
      // A server that comes back may be a newer one.
      if (notice.connection.sending && this.line?.connection.sending === false) installed.look();
      this.line = { connection: notice.connection, retryAt: notice.retryAt, reached: notice.reached };
      if (notice.connection.sending) this.disk = null;
    } else this.disk = notice.fault;
  }

  private enter(stage: Stage): void {
    const wasOpen = this.stage?.stage === "open";
    this.stage = stage;
    if (stage.stage !== "open") {
      // Locked means that nothing stays in the page's memory either.
      this.me = null;
      this.tellOpened();
    } else if (!wasOpen) void this.open();
  }

  private async open(): Promise<void> {
    await this.readMe();
    const connection = await this.client.look("connection", {}).catch(() => null);
    if (connection) this.line ??= { connection, retryAt: null, reached: connection.sending };
    this.tellOpened();
  }

  private tellOpened(): void {
    for (const call of this.opened) call();
  }

  private happen(event: Event): void {
    if (event.event === "registered" || event.event === "accountClosed") void this.readMe().then(() => this.tellOpened());
    if (event.event === "registered") this.refusal = null;
    if (event.event === "registerFailed" || event.event === "linkFailed") {
      this.refusal = event.fault;
      void this.readMe();
    }
    if (event.event === "failed") {
      if (event.ofTheDevice) this.grave = event.fault;
      else toasts.complain(event.fault);
    }
    if (event.event === "signedOut") this.isSignedOut = true;
    if (event.event === "accountClosed") this.isClosed = true;
    for (const ear of this.ears) ear(event);
  }
}

export const page = new Page();
