// A terminal that stays: events come out, commands go in, as docs/bots.md says.
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";
import { expect } from "@playwright/test";

export type Told = { event: string; chat?: string; title?: string; kind?: string; text?: string; own?: boolean; state?: string; id?: unknown; code?: string; from?: string };

export class Listener {
  readonly told: Told[] = [];
  private next = 1;

  constructor(private readonly process: ChildProcessWithoutNullStreams) {
    createInterface({ input: process.stdout }).on("line", (line) => this.told.push(JSON.parse(line) as Told));
    // Commands to one that has ended are lost; the story will say so.
    process.stdin.on("error", () => {});
  }

  stop(): void {
    this.process.kill();
  }

  /** Ends, so that another verb may have the profile. */
  async end(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const gone = new Promise((done) => this.process.once("exit", done));
    this.process.kill();
    await gone;
  }

  /** Said without waiting for what comes of it. */
  order(command: Record<string, unknown>): number {
    const id = this.next++;
    this.process.stdin.write(`${JSON.stringify({ id, ...command })}\n`);
    return id;
  }

  /** Until the command is durable. */
  async does(command: Record<string, unknown>): Promise<void> {
    const id = this.order(command);
    const answer = await this.until((told) => told.id === id && (told.event === "done" || told.event === "error"));
    expect(answer, JSON.stringify(command)).toMatchObject({ event: "done" });
  }

  async until(fits: (told: Told) => boolean, timeout = 20_000): Promise<Told> {
    await expect.poll(() => this.told.some(fits), { timeout, intervals: [50] }).toBe(true);
    return this.told.find(fits) as Told;
  }

  /** What it was told in words, each as often as it was told. */
  get heard(): string[] {
    return this.told.filter((told) => told.event === "message" && told.kind === "text" && !told.own).map((told) => told.text ?? "");
  }
}
