// The page over a stand-in for the core, for tests of the views and for `npm run dev`. Never released.
//
// The tabs, the leader and the messages between them are the real ones; only the Worker is not.
import type { Client } from "../bridge/contract";
import type { Asked, FromSeat, Seat } from "../bridge/seat";
import { Tabs, clientOver } from "../bridge/tabs";
import { World } from "./world";

declare global {
  interface Window {
    /** For tests: plays what happens elsewhere. */
    play: World;
  }
}

function startWorld(): Seat {
  const scene = new URLSearchParams(location.search).get("scene") ?? "full";
  const world = new World(scene);
  window.play = world;
  let take: (from: FromSeat) => void = () => {};
  world.tell = (notice) => take({ notice });
  const answer = async (asked: Asked): Promise<void> => {
    // As far away as a Worker and a disk.
    await new Promise((done) => setTimeout(done, 3));
    try {
      take({ id: asked.id, ok: world.answer(asked.ask) });
    } catch (fault) {
      if (fault instanceof Error) throw fault;
      take({ id: asked.id, fault: fault as { code: string; text: string } });
    }
  };
  return { tell: (asked) => void answer(structuredClone(asked)), hear: (hear) => void (take = hear) };
}

export const connect = (): Client => clientOver(new Tabs("waxseal-play", startWorld));
