// Short words at the foot of the page, and the five seconds in which something destructive can be undone.
import type { Fault } from "../bridge/contract";
import { faultText } from "./faults";

export type Toast = { id: number; text: string; isBad: boolean; undo: (() => void) | null };

/** How long undoing is offered. */
const undoFor = 5_000;
const sayFor = 4_000;
const complainFor = 8_000;

class Toasts {
  list = $state.raw<Toast[]>([]);
  private next = 1;
  /** Acts that wait for their time; done at once when the page goes. */
  private readonly due = new Map<number, () => void>();

  constructor() {
    addEventListener("pagehide", () => this.flush());
  }

  say(text: string): void {
    this.show({ text, isBad: false, undo: null }, sayFor);
  }

  complain(fault: Fault, words: Record<string, string> = {}): void {
    const text = faultText(fault, words);
    // The same words twice say nothing new.
    if (!this.list.some((toast) => toast.text === text)) this.show({ text, isBad: true, undo: null }, complainFor);
  }

  /** Does it after five seconds, unless it is undone. */
  later(text: string, act: () => void, undone: () => void): void {
    const id = this.show(
      {
        text,
        isBad: false,
        undo: () => {
          this.due.delete(id);
          this.drop(id);
          undone();
        },
      },
      undoFor,
    );
    this.due.set(id, act);
  }

  drop(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
    const act = this.due.get(id);
    this.due.delete(id);
    act?.();
  }

  flush(): void {
    for (const id of [...this.due.keys()]) this.drop(id);
  }

  private show(toast: Omit<Toast, "id">, stays: number): number {
    const id = this.next++;
    this.list = [...this.list.slice(-3), { id, ...toast }];
    setTimeout(() => this.drop(id), stays);
    return id;
  }
}

export const toasts = new Toasts();
