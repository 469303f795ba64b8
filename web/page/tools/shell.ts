// After the build: the service worker gets the list of what the shell is made of, with the hashes that it checks
// the files by. index.html has none there: tools/seal.mjs writes into it later; it names the others by their hashes.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { Plugin } from "vite";

/** `sha384-…` of a file's bytes. */
const hash = (bytes: Uint8Array): string => `sha384-${createHash("sha384").update(bytes).digest("base64")}`;

/** Every file below a folder, as it is asked for: `/assets/x.js`. Sorted, so that two builds agree. */
function filesOf(folder: string): string[] {
  const walk = (at: string): string[] =>
    readdirSync(at).flatMap((name) => {
      const path = join(at, name);
      return statSync(path).isDirectory() ? walk(path) : [path];
    });
  return walk(folder)
    .map((path) => `/${relative(folder, path).split(sep).join("/")}`)
    .sort();
}

export function shell(): Plugin {
  let root = "";
  let out = "";
  return {
    name: "waxseal-shell",
    apply: "build",
    configResolved(config) {
      root = config.root;
      out = join(root, config.build.outDir);
    },
    writeBundle: {
      order: "post",
      handler() {
        const files = filesOf(out)
          .filter((url) => url !== "/sw.js")
          .map((url) => (url === "/index.html" ? ["/", null, hash(readFileSync(join(out, url)))] : [url, hash(readFileSync(join(out, url)))]));
        const version = hash(Buffer.from(JSON.stringify(files))).slice(7, 23);
        const worker = readFileSync(join(root, "src/shell/sw.js"), "utf8")
          .replace('"%VERSION%"', JSON.stringify(version))
          .replace('"%FILES%"', JSON.stringify(files.map(([url, integrity]) => [url, integrity])));
        writeFileSync(join(out, "sw.js"), worker);
      },
    },
  };
}
