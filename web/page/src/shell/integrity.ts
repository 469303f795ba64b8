// Subresource Integrity for what no tag names: the Worker's script and the module. Their hashes stand in the page
// itself (`<meta name="integrity">`, written by tools/seal.mjs); the Worker gets the list as its name.
//
// Called by bridge/client.ts and worker/keeper.ts. Where the page was not sealed (tests of the views), there is no list.

/** `path hash`, and so on. */
export const integrities = (): string => document.querySelector<HTMLMetaElement>('meta[name="integrity"]')?.content ?? "";

/** The file's answer; rejects where it did not come, is not the one that the list names, or the list names no such file. */
export async function fetchWhole(url: string, list: string): Promise<Response> {
  if (list === "") return fetch(url);
  const words = list.split(" ");
  const { pathname } = new URL(url, location.href);
  const at = words.indexOf(pathname);
  const integrity = at < 0 ? undefined : words[at + 1];
  if (!integrity) throw new TypeError(`no hash of ${pathname}`);
  return fetch(url, { integrity });
}
