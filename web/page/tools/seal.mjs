// After the build: every file that the page names carries its hash (SRI), is packed, and stands in the manifest.
//
//   dist/index.html ──► integrity="sha384-…" for each script, style and module ──► dist/**.br ──► page.manifest
//
// `page.manifest` is what the terminal client compares a server's page with: `sha256  bytes  path`, one file a line.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const dist = process.argv[2] ?? "dist";
const hash = (name, bytes, form) => createHash(name).update(bytes).digest(form);

const integrity = (file) => `sha384-${hash("sha384", readFileSync(file), "base64")}`;

function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(path) : [path];
  });
}

for (const file of files(dist).filter((file) => file.endsWith(".br"))) rmSync(file);
const all = files(dist).sort();

// Subresource Integrity: each file of /assets/ that the page names, by its exact name, which has a hash in it.
const index = join(dist, "index.html");
let html = readFileSync(index, "utf8");
for (const file of all) {
  const path = `/${relative(dist, file)}`;
  for (const name of ["src", "href"]) html = html.replaceAll(`${name}="${path}"`, `${name}="${path}" integrity="${integrity(file)}"`);
}
// What a script loads later. A chunk of the tab gets a tag that says its hash before anybody asks for it; the Worker's
// script and the module, for which HTML has no tag, stand in a list (src/shell/integrity.ts).
const assets = all.filter((file) => file.startsWith(join(dist, "assets")));
const chunks = new Set(assets.filter((file) => html.includes(`src="/${relative(dist, file)}"`)));
for (const chunk of chunks) {
  const text = readFileSync(chunk, "utf8");
  for (const file of assets) if (file.endsWith(".js") && text.includes(`./${basename(file)}`)) chunks.add(file);
}
const isNamed = (file) => html.includes(`"/${relative(dist, file)}"`);
const later = assets.filter((file) => !isNamed(file));
const list = later.filter((file) => !chunks.has(file)).map((file) => `/${relative(dist, file)} ${integrity(file)}`);
const tags = later
  .filter((file) => chunks.has(file))
  .map((file) => `    <link rel="modulepreload" crossorigin href="/${relative(dist, file)}" integrity="${integrity(file)}">\n`);
html = html.replace("  </head>", `${tags.join("")}    <meta name="integrity" content="${list.join(" ")}">\n  </head>`);
for (const file of assets) if (!isNamed(file) && !html.includes(`/${relative(dist, file)} `)) throw new Error(`${file} has no integrity`);
// An icon or a manifest has no integrity in HTML; browsers pass over the attribute there.
for (const named of html.matchAll(/(?:src|href)="(\/assets\/[^"]*)"(?! integrity=)/g)) {
  throw new Error(`${named[1]} is named by the page and was not built`);
}
writeFileSync(index, html);

// Packed once, as small as it gets: brotli, RFC 7932.
const worth = /\.(html|js|css|wasm|svg|json|webmanifest|txt)$/;
let sent = 0;
for (const file of all) {
  const plain = readFileSync(file);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length };
  const packed = worth.test(file) && plain.length > 512 ? brotliCompressSync(plain, { params }) : plain;
  if (packed.length < plain.length) writeFileSync(`${file}.br`, packed);
  sent += packed.length;
}

const served = (file) => `/${relative(dist, file)}`.replace(/^\/index\.html$/, "/");
const lines = all.map((file) => `${hash("sha256", readFileSync(file), "hex")}  ${statSync(file).size}  ${served(file)}\n`);
writeFileSync("page.manifest", lines.join(""));
console.log(`${all.length} files, ${(sent / 1024).toFixed(0)} KiB packed`);
