// Times how long a browser takes to judge what the key directory answers: `node judge.mjs MODULE-FOLDER SAMPLES`.
//
// Called by scripts/figures. The module is the verifying code of the page's core, alone; the samples are a real log's.
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";

const [folder, file] = process.argv.slice(2);
if (!folder || !file) throw new Error("node judge.mjs MODULE-FOLDER SAMPLES");
const address = "http://figures.invalid/";
const now = 1_790_000_000_000;
const rounds = 7;

const browser = await chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage();
const types = { js: "text/javascript", wasm: "application/wasm" };
await page.route(`${address}**`, async (route) => {
  const name = new URL(route.request().url()).pathname.slice(1);
  if (name === "") return route.fulfill({ contentType: "text/html", body: "<!doctype html>" });
  return route.fulfill({ contentType: types[name.split(".").pop()], body: await readFile(`${folder}/${name}`) });
});
await page.goto(address);
const lines = (await readFile(file, "utf8")).trim().split("\n");
for (const kind of ["look-up", "absence"]) {
  const samples = lines.filter((line) => line.startsWith(`${kind} `));
  const took = await page.evaluate(
    async ({ samples, now, rounds }) => {
      const module = await import("/core.js");
      await module.default({ module_or_path: "/core_bg.wasm" });
      const each = [];
      for (let round = 0; round < rounds; round++) {
        const began = performance.now();
        const held = module.judge(samples.join("\n"), now);
        if (held !== samples.length) throw new Error(`${held} of ${samples.length} hold`);
        each.push((performance.now() - began) / samples.length);
      }
      return each.sort((a, b) => a - b);
    },
    { samples, now, rounds },
  );
  console.log(`${kind}: ${took[rounds >> 1].toFixed(2)} ms each (${took[0].toFixed(2)} – ${took.at(-1).toFixed(2)}), ${samples.length} answers, ${rounds} rounds`);
}
await browser.close();
