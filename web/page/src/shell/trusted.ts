// Trusted Types: the two script addresses that this page ever starts are its own files.
// The policy refuses anything else, so that nothing which came from outside can become a script.

interface Policy {
  createScriptURL(url: string): { toString(): string };
}
type Factory = { createPolicy(name: string, rules: { createScriptURL(url: string): string }): Policy };

/** The same address when it is one of our own files; throws otherwise. */
function own(url: string): string {
  const full = new URL(url, location.href);
  const isOurs = full.origin === location.origin && (full.pathname.startsWith("/assets/") || full.pathname === "/sw.js");
  if (!isOurs && !import.meta.env.DEV) throw new TypeError("not a script of this page");
  return full.href;
}

const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
const policy = factory?.createPolicy("waxseal", { createScriptURL: own });

/** A script's address as the browser wants it; a plain string where it knows no Trusted Types. */
export const scriptUrl = (url: string): { toString(): string } => policy?.createScriptURL(url) ?? own(url);
