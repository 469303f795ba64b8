// A line between page and server that lies: it hands on what both say, byte by byte, and puts in between whatever a
// story wants. Below WebSocket on purpose: a frame that no server would write can be written here.
//
//   page ──────────────────► server
//   page ◄── inject(...) ◄── server      (whole WebSocket frames are noted: RFC 6455 §5.2)
import { type Server, type Socket, connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";

const textFrame = 0x1;
const binaryFrame = 0x2;
const ping = 0x9;

/** One frame as a server writes it: not masked. */
export function frame(payload: Buffer, kind = binaryFrame, isLast = true): Buffer {
  const { length } = payload;
  const first = (isLast ? 0x80 : 0) | kind;
  if (length < 126) return Buffer.concat([Buffer.from([first, length]), payload]);
  const head = Buffer.alloc(length < 65_536 ? 4 : 10);
  head.set([first, length < 65_536 ? 126 : 127]);
  if (length < 65_536) head.writeUInt16BE(length, 2);
  else head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

export const text = (words: string): Buffer => frame(Buffer.from(words), textFrame);
export const pings = (many: number): Buffer => Buffer.concat(Array.from({ length: many }, (_, n) => frame(Buffer.from(`${n}`), ping)));

/** A connection of the page's that became a WebSocket. */
class Line {
  /** Frames of the server's, whole, in their order. */
  readonly told: Buffer[] = [];
  private rest = Buffer.alloc(0);
  private isUpgraded = false;

  constructor(readonly page: Socket, readonly path: string) {}

  /** What the server said; what of it goes on now. Frames are handed on whole, so that something fits between them. */
  take(more: Buffer): Buffer[] {
    this.rest = Buffer.concat([this.rest, more]);
    const on: Buffer[] = [];
    if (!this.isUpgraded) {
      const end = this.rest.indexOf("\r\n\r\n");
      if (end < 0) return on;
      on.push(this.rest.subarray(0, end + 4));
      this.rest = this.rest.subarray(end + 4);
      this.isUpgraded = true;
    }
    for (let size = this.sizeOfNext(); size !== null && size <= this.rest.length; size = this.sizeOfNext()) {
      const whole = this.rest.subarray(0, size);
      this.rest = this.rest.subarray(size);
      if ((whole.at(0) ?? 0) === (0x80 | binaryFrame)) this.told.push(whole);
      on.push(whole);
    }
    return on;
  }

  private sizeOfNext(): number | null {
    const { rest } = this;
    const short = (rest.at(1) ?? 0) & 0x7f;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (rest.length < head) return null;
    return head + (short < 126 ? short : short === 126 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2)));
  }
}

export class Hostile {
  address = "";
  /** What becomes of frames of the server's on their way; honest without it. */
  twist: ((frames: Buffer[], path: string) => Buffer[]) | null = null;
  /** How often the page opened a door. */
  opened = 0;
  private readonly lines = new Set<Line>();
  private readonly sockets = new Set<Socket>();
  private server: Server | null = null;

  async start(server: string): Promise<void> {
    const { hostname, port } = new URL(server);
    this.server = createServer((page) => this.between(page, connect(Number(port), hostname)));
    await new Promise<void>((done) => this.server?.listen(0, "127.0.0.1", done));
    this.address = `http://127.0.0.1:${(this.server?.address() as AddressInfo).port}`;
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server?.close();
  }

  /** To every open door of this name. */
  inject(path: string, ...frames: Buffer[]): number {
    const open = [...this.lines].filter((line) => line.path.endsWith(path) && line.page.writable);
    for (const line of open) for (const one of frames) line.page.write(one);
    return open.length;
  }

  /** What the server said through doors of this name, of those that are open. */
  told(path: string): Buffer[] {
    return [...this.lines].filter((line) => line.path.endsWith(path)).flatMap((line) => line.told);
  }

  private between(page: Socket, server: Socket): void {
    let line: Line | null = null;
    for (const socket of [page, server]) {
      this.sockets.add(socket);
      socket.on("error", () => socket.destroy());
    }
    page.on("data", (bytes: Buffer) => {
      const asked = line ? null : /^GET (\/v1\/\S+) /.exec(bytes.toString("latin1", 0, 200));
      if (asked?.[1] !== undefined) {
        line = new Line(page, asked[1]);
        this.lines.add(line);
        this.opened += 1;
      }
      server.write(bytes);
    });
    server.on("data", (bytes: Buffer) => {
      if (!line) return void page.write(bytes);
      const frames = line.take(bytes);
      for (const one of this.twist?.(frames, line.path) ?? frames) page.write(one);
    });
    const end = (): void => {
      if (line) this.lines.delete(line);
      for (const socket of [page, server]) {
        this.sockets.delete(socket);
        socket.destroy();
      }
    };
    page.on("close", end);
    server.on("close", end);
  }
}
