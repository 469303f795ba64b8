// Several tabs, one core: who leads holds a Web Lock and the Worker; the others ask through it.
//
// Called by client.ts (the Worker) and by the stand-in of the tests. Never knows what is asked. When the
// leader goes, the browser gives its lock to the next tab: looks are asked again there, anything
// else ends with the fault "again", since it may have been done already.
import type { Client, Event, Fault, NoticeToPage } from "./contract";
import { type Answer, type Ask, type FromSeat, type Seat, isRepeatable } from "./seat";

type Waiting = { ask: Ask; done: (ok: unknown) => void; failed: (fault: Fault) => void };
type Mail =
  | { to: "leader"; from: string; id: number; ask: Ask }
  | { to: string; answer: Answer }
  | { to: "all"; notice: NoticeToPage }
  | { to: "all"; leads: string }
  | { to: "leader"; who: true };

const again: Fault = { code: "again", text: "another tab took over; try again" };

export class Tabs {
  private readonly own = crypto.randomUUID();
  private readonly channel: BroadcastChannel;
  private readonly waiting = new Map<number, Waiting>();
  private readonly ears = new Set<(notice: NoticeToPage) => void>();
  /** Asks of followers, by the number that they have at the seat. */
  private readonly relayed = new Map<number, { tab: string; id: number }>();
  /** Commands at the seat: what they bring about at once is in the answer, and all tabs want to know it. */
  private readonly commands = new Set<number>();
  private seat: Seat | null = null;
  private leader: string | null = null;
  private next = 1;

  constructor(name: string, private readonly start: () => Seat) {
    this.channel = new BroadcastChannel(name);
    this.channel.onmessage = (event: MessageEvent<Mail>) => this.receive(event.data);
    this.post({ to: "leader", who: true });
    // Held until the tab goes: the promise never ends.
    void navigator.locks.request(`${name}-leader`, () => {
      this.lead();
      return new Promise(() => {});
    });
  }

  get leads(): boolean {
    return this.seat !== null;
  }

  ask(ask: Ask): Promise<unknown> {
    return new Promise((done, failed) => {
      const id = this.next++;
      this.waiting.set(id, { ask, done, failed });
      if (this.leader !== null) this.send(id, ask);
    });
  }

  listen(hear: (notice: NoticeToPage) => void): () => void {
    this.ears.add(hear);
    return () => this.ears.delete(hear);
  }

  private send(id: number, ask: Ask): void {
    if (this.seat) this.tell(this.seat, id, ask);
    else this.post({ to: "leader", from: this.own, id, ask });
  }

  private lead(): void {
    this.seat = this.start();
    this.seat.hear((from) => this.fromSeat(from));
    this.follow(this.own);
    this.post({ to: "all", leads: this.own });
  }

  /** Another leader: what waits is asked there, or given back. */
  private follow(leader: string): void {
    if (this.leader === leader) return;
    const isFirst = this.leader === null;
    this.leader = leader;
    for (const [id, { ask, failed }] of [...this.waiting]) {
      if (isFirst || isRepeatable(ask)) this.send(id, ask);
      else {
        this.waiting.delete(id);
        failed(again);
      }
    }
    // What was shown may be old by now.
    if (!isFirst) void this.ask({ ask: "stage" }).then((stage) => this.notify({ notice: "stage", stage } as NoticeToPage), () => {});
  }

  private receive(mail: Mail): void {
    if (mail.to === "leader" && this.seat) {
      if ("who" in mail) return this.post({ to: "all", leads: this.own });
      if (!("ask" in mail)) return;
      const id = this.next++;
      this.relayed.set(id, { tab: mail.from, id: mail.id });
      this.tell(this.seat, id, mail.ask);
    } else if (mail.to === "all" && !this.seat) {
      if ("leads" in mail) this.follow(mail.leads);
      else if ("notice" in mail) this.notify(mail.notice);
    } else if (mail.to === this.own && "answer" in mail) this.settle(mail.answer);
  }

  private tell(seat: Seat, id: number, ask: Ask): void {
    if (ask.ask === "command") this.commands.add(id);
    seat.tell({ id, ask });
  }

  private fromSeat(from: FromSeat): void {
    if ("notice" in from) return this.notifyAll(from.notice);
    if (this.commands.delete(from.id) && "ok" in from) {
      for (const event of from.ok as Event[]) this.notifyAll({ notice: "event", event });
    }
    const relayed = this.relayed.get(from.id);
    if (!relayed) return this.settle(from);
    this.relayed.delete(from.id);
    this.post({ to: relayed.tab, answer: { ...from, id: relayed.id } });
  }

  private settle(answer: Answer): void {
    const waiting = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if ("fault" in answer) waiting?.failed(answer.fault);
    else waiting?.done(answer.ok);
  }

  private notifyAll(notice: NoticeToPage): void {
    this.post({ to: "all", notice });
    this.notify(notice);
  }

  private notify(notice: NoticeToPage): void {
    for (const ear of this.ears) ear(notice);
  }

  private post(mail: Mail): void {
    this.channel.postMessage(mail);
  }
}

/** The contract, over tabs. */
export function clientOver(tabs: Tabs): Client {
  const nothing = async (ask: Ask): Promise<void> => void (await tabs.ask(ask));
  const hint = (ask: Ask): void => void tabs.ask(ask).catch(() => {});
  for (const name of ["online", "offline"]) addEventListener(name, () => hint({ ask: "network", online: navigator.onLine }));
  return {
    stage: () => tabs.ask({ ask: "stage" }) as ReturnType<Client["stage"]>,
    create: (passphrase) => nothing({ ask: "create", passphrase }),
    unlock: (passphrase) => nothing({ ask: "unlock", passphrase }),
    lock: () => nothing({ ask: "lock" }),
    changePassphrase: (from, to) => nothing({ ask: "changePassphrase", from, to }),
    forgetBrowser: () => nothing({ ask: "forgetBrowser" }),
    command: (command) => tabs.ask({ ask: "command", command }) as ReturnType<Client["command"]>,
    look: ((what, ask) => tabs.ask({ ask: "look", what, with: ask })) as Client["look"],
    listen: (hear) => tabs.listen(hear),
    retryNow: () => hint({ ask: "retryNow" }),
  };
}
