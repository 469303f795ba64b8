// What is thrown, as a Fault of the contract. Rust throws faults; all else is the browser's, or ours.
import type { Fault } from "../bridge/contract";

/** A promise or a call ends with this. */
export class Failed extends Error {
  constructor(readonly fault: Fault) {
    super(fault.text);
  }
}

export const failed = (code: string, text: string): Failed => new Failed({ code, text });

const isFault = (thrown: unknown): thrown is Fault =>
  typeof thrown === "object" && thrown !== null && "code" in thrown && "text" in thrown && typeof thrown.code === "string";

/** A trap: the module is not to be used any more. */
export const isTrap = (thrown: unknown): boolean => thrown instanceof WebAssembly.RuntimeError;

export function asFault(thrown: unknown): Fault {
  if (thrown instanceof Failed) return thrown.fault;
  if (isFault(thrown)) return thrown;
  if (isTrap(thrown)) return { code: "internal", text: "something went wrong inside; load the page again" };
  if (thrown instanceof DOMException && thrown.name === "QuotaExceededError") return { code: "full", text: "the disk is full" };
  return { code: "disk", text: `the browser refused: ${thrown instanceof Error ? thrown.name : "unknown"}` };
}
