// Draws the icons of the installed page from public/icon.svg, in the browser that the tests use. Run by hand when
// the mark changes; what it draws is committed.
import { readFileSync } from "node:fs";
import { chromium } from "@playwright/test";

const seal = readFileSync("public/icon.svg", "utf8");
// A maskable icon may be cut to a circle of 80 %: the mark stays inside.
const icons = [["icon-192.png", 192, 1, false], ["icon-512.png", 512, 1, false], ["icon-maskable.png", 512, 0.66, true]];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
for (const [name, size, part, hasGround] of icons) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  const ground = hasGround ? "background:#faf7f4;" : "";
  await page.setContent(`<body style="margin:0;${ground}display:grid;place-items:center;height:${size}px"><div style="width:${size * part}px">${seal}</div>`);
  await page.screenshot({ path: `public/${name}`, omitBackground: !hasGround });
}
await browser.close();
