// The client as it is released: the core in a dedicated Worker, held by the tab that leads.
import type { Client, Fault } from "./contract";
import type { Answer, Asked, FromSeat, Seat } from "./seat";
import { Tabs, clientOver } from "./tabs";
import { fetchWhole, integrities } from "../shell/integrity";
import { scriptUrl } from "../shell/trusted";

// By pattern, so that the views build before there is a core; without one the page says so.
const entries = import.meta.glob<string>("../worker/main.ts", { query: "?worker&url", import: "default", eager: true });

const noCore = { code: "noCore", text: "this build of the page has no core" };
const stopped = { code: "stopped", text: "the core did not start" };
const notWhole = { code: "notWhole", text: "a file of this page did not come, or is not the one that the page names" };

/** A seat that can but say why. */
function unable(fault: Fault): Seat {
  let take: (from: FromSeat) => void = () => {};
  const stage = { stage: "broken", fault } as const;
  const answer = ({ id, ask }: Asked): Answer => (ask.ask === "stage" ? { id, ok: stage } : { id, fault });
  return { tell: (asked) => take(answer(asked)), hear: (hear) => void (take = hear) };
}

/** The browser takes no hash for a Worker's script: it is fetched by its hash first, and started out of the same cache. */
async function workerOf(entry: string): Promise<Seat> {
  const list = integrities();
  try {
    await (await fetchWhole(entry, list)).arrayBuffer();
  } catch {
    return unable(notWhole);
  }
  const worker = new Worker(scriptUrl(entry) as unknown as string, { type: "module", name: list });
  return {
    tell: (asked) => worker.postMessage(asked),
    hear: (hear) => {
      worker.onmessage = (event: MessageEvent<FromSeat>) => hear(event.data);
      worker.onerror = () => hear({ notice: { notice: "stage", stage: { stage: "broken", fault: stopped } } });
    },
  };
}

function startWorker(): Seat {
  const entry = Object.values(entries)[0];
  if (entry === undefined) return unable(noCore);
  const started = workerOf(entry);
  return { tell: (asked) => void started.then((seat) => seat.tell(asked)), hear: (hear) => void started.then((seat) => seat.hear(hear)) };
}

export const connect = (): Client => clientOver(new Tabs("waxseal", startWorker));
