// Opens a conversation by name: at once where it is known, else when the server has answered.
import type { ChatId, Event, Fault } from "../../bridge/contract";
import { asFault } from "../../state/faults";
import { page } from "../../state/page.svelte";
import { place, to } from "../../state/route.svelte";
import { toasts } from "../../state/toasts.svelte";

/** How long an answer is waited for; without a connection the chat stands at once. */
const patience = 15_000;

/** The chat that a command opened; a fault where nobody has the name. */
export function opened(command: Parameters<typeof page.client.command>[0]): Promise<ChatId> {
  return new Promise((done, failed) => {
    const end = (): void => {
      stop();
      clearTimeout(timer);
    };
    const take = (event: Event): void => {
      if (event.event === "chatOpened") done(event.chat);
      else if (event.event === "noSuchAccount") failed({ code: "noSuchAccount", text: event.name } satisfies Fault);
      else if (event.event === "failed" && event.chat === null) failed(event.fault);
      else return;
      end();
    };
    const stop = page.on(take);
    const timer = setTimeout(() => {
      end();
      failed({ code: "noAnswer", text: "no answer" } satisfies Fault);
    }, patience);
    page.client.command(command).then(
      (events) => events.forEach(take),
      (error: unknown) => {
        end();
        failed(asFault(error));
      },
    );
  });
}

/** As `opened`, and goes there; what goes wrong is said. */
export async function startChat(name: string): Promise<void> {
  try {
    place.go(to.chat(await opened({ do: "openDirect", name })));
  } catch (error) {
    toasts.complain(asFault(error), { name });
  }
}
