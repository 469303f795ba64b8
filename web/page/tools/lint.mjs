// What the compiler does not see: text that becomes HTML, styles and scripts that the policy would refuse, files that
// have grown too large, sentences whose holes or numbers differ between languages, sentences that nobody says.
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { runnerImport } from "vite";

const files = (folder) =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? (name === "core" ? [] : files(path)) : [path];
  });

const faults = [];
const forbidden = [
  [/\{@html/, "text is never HTML"],
  [/\b(inner|outer)HTML\b|insertAdjacentHTML|document\.write/, "text is never HTML"],
  [/\beval\(|new Function\(/, "no code from text"],
  [/\sstyle="/, "the policy refuses style attributes: use style: or a class"],
  [/target="_blank"(?![^>]*rel="noopener noreferrer")/, "a link opens without opener and referrer"],
  [/\son[a-z]+="/, "the policy refuses handlers in HTML"],
];
const largest = 260;
const mine = files("src").filter((path) => /\.(ts|js|svelte|css)$/.test(path) && !path.startsWith("src/worker"));
for (const path of mine) {
  const text = readFileSync(path, "utf8");
  for (const [pattern, why] of forbidden) if (pattern.test(text)) faults.push(`${path}: ${why}`);
  const lines = text.split("\n").length;
  if (lines > largest && !/words\/|contract\.ts|play\//.test(path)) faults.push(`${path}: ${lines} lines; ${largest} are enough`);
  if (!/^(<!--|\/\/|\/\*)/.test(text) && !path.endsWith("contract.ts")) faults.push(`${path}: its head does not say what it is`);
  if (!path.startsWith("src/play") && /from "(\.\.\/)+play\//.test(text)) faults.push(`${path}: the stand-in is never released`);
}

// The catalogues as they are: `"key": "sentence"` or `"key": { one: "…", other: "…" }`.
const load = async (name) => (await runnerImport(`./src/words/${name}.ts`)).module[name];
const en = await load("en");
const holes = (sentence) => [...sentence.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort().join();
const uses = mine.filter((path) => !/words\/(en|de|ar)/.test(path)).map((path) => readFileSync(path, "utf8")).join("\n");
for (const name of ["en", "de", "ar"]) {
  const catalogue = await load(name);
  const wanted = new Intl.PluralRules(name).resolvedOptions().pluralCategories;
  for (const [key, sentence] of Object.entries(catalogue)) {
    const original = en[key];
    const forms = typeof sentence === "string" ? [sentence] : Object.values(sentence);
    const model = typeof original === "string" ? original : original.other;
    for (const form of forms) {
      const [has, wants] = [holes(form), holes(model)];
      // "One", "two", "none" may be said without a number.
      if (has !== wants && !(typeof sentence !== "string" && form !== sentence.other)) faults.push(`${name} ${key}: {${has}} where English has {${wants}}`);
    }
    if (typeof sentence !== "string") for (const rule of wanted) if (!(rule in sentence)) faults.push(`${name} ${key}: no form for "${rule}"`);
    if (forms.some((form) => form.trim() === "")) faults.push(`${name} ${key}: says nothing`);
  }
}
for (const key of Object.keys(en)) {
  const stem = key.slice(0, key.lastIndexOf("."));
  const isMade = uses.includes(`\`${stem}.$`) || stem === "fault";
  if (!isMade && !uses.includes(`"${key}"`)) faults.push(`en ${key}: nobody says it`);
}

for (const fault of faults) console.error(fault);
console.log(`${mine.length} files looked at, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
