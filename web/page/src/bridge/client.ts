// The client as it is released: the core in a dedicated Worker, held by the tab that leads.
import type { Client } from "./contract";
import type { Answer, Asked, FromSeat, Seat } from "./seat";
import { Tabs, clientOver } from "./tabs";
import { scriptUrl } from "../shell/trusted";

// By pattern, so that the views build before there is a core; without one the page says so.
const entries = import.meta.glob<string>("../worker/main.ts", { query: "?worker&url", import: "default", eager: true });

const noCore = { code: "noCore", text: "this build of the page has no core" };

function startWorker(): Seat {
  const entry = Object.values(entries)[0];
  let take: (from: FromSeat) => void = () => {};
  if (entry === undefined) {
    const answer = (asked: Asked): Answer =>
      asked.ask.ask === "stage" ? { id: asked.id, ok: { stage: "broken", fault: noCore } } : { id: asked.id, fault: noCore };
    return { tell: (asked) => take(answer(asked)), hear: (hear) => void (take = hear) };
  }
  const worker = new Worker(scriptUrl(entry) as unknown as string, { type: "module", name: "waxseal" });
  worker.onmessage = (event: MessageEvent<FromSeat>) => take(event.data);
  worker.onerror = () =>
    take({ notice: { notice: "stage", stage: { stage: "broken", fault: { code: "stopped", text: "the core did not start" } } } });
  return { tell: (asked) => worker.postMessage(asked), hear: (hear) => void (take = hear) };
}

export const connect = (): Client => clientOver(new Tabs("waxseal", startWorker));
