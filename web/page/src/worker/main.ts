// The Worker: answers the tab, in the order of its asks.
//
// Started by bridge/client.ts, which is its only company. Holds one Profile. Never decides
// anything about the protocol: that is the core's, in core/ (Rust, built by scripts/web).
import type { FromSeat, Asked, Ask } from "../bridge/seat";
import { asFault } from "./fault";
import { Keeper } from "./keeper";

const tell = (said: FromSeat): void => postMessage(said);
const keeper = new Keeper((notice) => tell({ notice }));

async function answer(ask: Ask): Promise<unknown> {
  switch (ask.ask) {
    case "stage":
      return keeper.stage();
    case "create":
      return keeper.create(ask.passphrase);
    case "unlock":
      return keeper.unlock(ask.passphrase);
    case "lock":
      return keeper.lock();
    case "changePassphrase":
      return keeper.changePassphrase(ask.from, ask.to);
    case "forgetBrowser":
      return keeper.forget();
    case "command":
      return keeper.profile().command(ask.command);
    case "look":
      return keeper.profile().look(ask.what, ask.with);
    case "retryNow":
      return keeper.hurry();
    case "network":
      return keeper.network(ask.online);
  }
}

/** How often what is kept is looked after. */
const rounds = 5_000;

let before: Promise<void> = keeper.start();
// What fails here says so where it is asked for next; it must not keep all later asks from their turn.
setInterval(() => (before = before.then(() => keeper.lookAround()).catch(() => {})), rounds);
onmessage = (event: MessageEvent<Asked>) => {
  const { id, ask } = event.data;
  before = before.then(async () => {
    try {
      tell({ id, ok: (await answer(ask)) ?? null });
    } catch (thrown) {
      tell({ id, fault: asFault(thrown) });
    }
  });
};
