// Subresource Integrity for what no tag names: the Worker's script and the module. Their hashes stand in the page
// itself (`<meta name="integrity">`, written by tools/seal.mjs); the Worker gets the list as its name.
//
// Called by bridge/client.ts and worker/keeper.ts. Where the page was not sealed (tests of the views), there is no list.

/** `path hash`, and so on. */
export const integrities = (): string => document.querySelector<HTMLMetaElement>('meta[name="integrity"]')?.content ?? "";

/** The file's answer; rejects where it did not come, or is not the one that the list names (SRI, "require-sri" by fetch). */
export function fetchWhole(url: string, list: string): Promise<Response> {
  const words = list.split(" ");
  const integrity = words[words.indexOf(new URL(url, location.href).pathname) + 1];
  return fetch(url, integrity && words.length > 1 ? { integrity } : {});
}
