// After the build: every script and sheet that index.html names gets its hash (SRI), and the service
// worker gets the list of what the shell is made of, with the hashes it checks them by.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { Plugin } from "vite";

/** `sha384-…` of a file's bytes. */
export const hash = (bytes: Uint8Array): string => `sha384-${createHash("sha384").update(bytes).digest("base64")}`;

/** Every file below a folder, as it is asked for: `/assets/x.js`. Sorted, so that two builds agree. */
export function filesOf(folder: string): string[] {
  const walk = (at: string): string[] =>
    readdirSync(at).flatMap((name) => {
      const path = join(at, name);
      return statSync(path).isDirectory() ? walk(path) : [path];
    });
  return walk(folder)
    .map((path) => `/${relative(folder, path).split(sep).join("/")}`)
    .sort();
}

/** Adds `integrity` to each script and link with a hashed asset. */
export function sealed(html: string, hashOf: (url: string) => string): string {
  return html.replace(/<(script|link)\b([^>]*?)\b(src|href)="(\/assets\/[^"]+)"([^>]*)>/g, (_all, tag, before, key, url, after) => {
    const rest = `${before}${key}="${url}"${after}`;
    return `<${tag}${rest} integrity="${hashOf(url)}">`;
  });
}

export function shell(): Plugin {
  let out = "";
  return {
    name: "waxseal-shell",
    apply: "build",
    configResolved(config) {
      out = join(config.root, config.build.outDir);
    },
    closeBundle: {
      order: "post",
      handler() {
        const at = (url: string): string => join(out, url);
        const index = at("/index.html");
        writeFileSync(index, sealed(readFileSync(index, "utf8"), (url) => hash(readFileSync(at(url)))));
        const shellFiles = filesOf(out)
          .filter((url) => url !== "/service-worker.js")
          .map((url) => [url === "/index.html" ? "/" : url, hash(readFileSync(at(url)))]);
        const version = hash(Buffer.from(JSON.stringify(shellFiles))).slice(7, 23);
        const worker = readFileSync(join(out, "../src/shell/service-worker.js"), "utf8")
          .replace('"%VERSION%"', JSON.stringify(version))
          .replace('"%FILES%"', JSON.stringify(shellFiles));
        writeFileSync(at("/service-worker.js"), worker);
      },
    },
  };
}
