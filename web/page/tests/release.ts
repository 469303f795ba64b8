// A server of two releases of the page: what `vite build` made, and the same under other names, as the next build would be.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { type Server, createServer } from "node:http";
import { join } from "node:path";
import { headers } from "../tools/headers.ts";

type Files = Map<string, Buffer>;
const built = new URL("../.play", import.meta.url).pathname;
const types: Record<string, string> = { js: "text/javascript", css: "text/css", html: "text/html", svg: "image/svg+xml", png: "image/png", webmanifest: "application/manifest+json" };

function first(): Files {
  const walk = (at: string): string[] => readdirSync(at).flatMap((name) => (statSync(join(at, name)).isDirectory() ? walk(join(at, name)) : [join(at, name)]));
  return new Map(walk(built).map((path) => [path.slice(built.length).replace(/^\/index\.html$/, "/"), readFileSync(path)]));
}

/** Every script has another name and says which release it is of; the service worker's list names and hashes them anew. */
function next(files: Files, release: string): Files {
  const scripts = [...files.keys()].filter((path) => path.startsWith("/assets/") && path.endsWith(".js"));
  const named = (text: string): string => scripts.reduce((all, path) => all.replaceAll(path.slice(8), path.slice(8).replace(/\.js$/, `${release}.js`)), text);
  const made: Files = new Map();
  for (const [path, bytes] of files) {
    if (path === "/") made.set(path, Buffer.from(named(bytes.toString()).replace("<title>", `<meta name="release" content="${release}"><title>`)));
    else made.set(named(path), /\.js$/.test(path) ? Buffer.from(named(bytes.toString())) : bytes);
  }
  const worker = (made.get("/sw.js") ?? Buffer.alloc(0)).toString();
  const list = [...made].filter(([path]) => path !== "/sw.js").map(([path, bytes]) => [path, path === "/" ? null : `sha384-${createHash("sha384").update(bytes).digest("base64")}`]);
  made.set("/sw.js", Buffer.from(worker.replace(/^const version = .*$/m, `const version = "${release}";`).replace(/^const files = .*$/m, `const files = ${JSON.stringify(list)};`)));
  return made;
}

export class Releases {
  readonly address: string;
  private readonly old = first();
  private readonly fresh = next(this.old, "-next");
  private served: Files = this.old;

  private constructor(private readonly server: Server, port: number) {
    this.address = `http://localhost:${port}`;
    server.on("request", (request, answer) => {
      const path = new URL(request.url ?? "/", this.address).pathname;
      const bytes = this.served.get(path);
      const cache = path.startsWith("/assets/") ? "max-age=31536000, immutable" : "no-cache";
      answer.writeHead(bytes ? 200 : 404, { ...headers, "Cache-Control": cache, "Content-Type": types[path.split(".").at(-1) ?? ""] ?? types["html"] });
      answer.end(bytes ?? "");
    });
  }

  static async start(): Promise<Releases> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "localhost", done));
    const address = server.address();
    return new Releases(server, typeof address === "object" && address ? address.port : 0);
  }

  /** The server is updated. `broken`: one file of the new page is not what its list says. */
  update(isBroken = false): void {
    this.served = new Map(this.fresh);
    const script = [...this.served.keys()].find((path) => /\/index-.*\.js$/.test(path));
    if (isBroken && script) this.served.set(script, Buffer.concat([this.served.get(script) ?? Buffer.alloc(0), Buffer.from("\n// and more")]));
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
