import { readFileSync } from "node:fs";
import { expect, test } from "@playwright/test";

type Colours = Map<string, string>;

function coloursOf(rule: string, base: Colours = new Map()): Colours {
  const css = readFileSync(new URL("../src/style/colours.css", import.meta.url), "utf8");
  const body = css.slice(css.indexOf(rule)).slice(0, css.slice(css.indexOf(rule)).indexOf("}"));
  return new Map([...base, ...[...body.matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map((found): [string, string] => [found[1] ?? "", found[2] ?? ""])]);
}

/** WCAG 2.2, relative luminance. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const light = coloursOf(":root {");
const themes = { light, dark: coloursOf(':root[data-theme="dark"] {', light) };
const grounds = ["ground", "surface", "sunken", "hover", "chosen", "theirs"];
const text: [string, string][] = [
  ...grounds.flatMap((ground): [string, string][] => [["ink", ground], ["wax", ground === "hover" || ground === "chosen" ? "surface" : ground]]),
  ...["ground", "surface", "sunken", "hover", "theirs"].map((ground): [string, string] => ["soft", ground]),
  ["own-ink", "own"], ["own-soft", "own"], ["on-wax", "wax-fill"], ["on-wax", "wax-deep"], ["bad", "surface"], ["bad", "ground"], ["bad", "bad-ground"],
  ["bad", "chosen"], ["bad", "hover"], ["soft", "chosen"], ["good", "chosen"], ["good", "hover"], ["ink", "bad-ground"], ["note-ink", "note"], ["good", "surface"], ["ground", "ink"],
];

for (const [theme, colours] of Object.entries(themes)) {
  const of = (name: string): string => colours.get(name) ?? "#000000";
  test(`text can be read on every ground, ${theme}`, () => {
    for (const [ink, ground] of text) expect.soft(contrast(of(ink), of(ground)), `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    for (let hue = 0; hue < 8; hue++) expect.soft(contrast("#ffffff", of(`hue-${hue}`)), `white on hue ${hue}`).toBeGreaterThanOrEqual(4.5);
  });
  test(`edges of fields and marks can be seen, ${theme}`, () => {
    for (const ground of ["ground", "surface", "sunken"]) expect.soft(contrast(of("edge"), of(ground)), `edge on ${ground}`).toBeGreaterThanOrEqual(3);
  });
}
