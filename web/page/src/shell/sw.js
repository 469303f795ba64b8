// Keeps the shell of the page (its own files, nothing else) so that it opens without a network.
//
// Made whole by tools/shell.ts: which files there are, and the hash of each. It never keeps an answer
// of the server's to anything else, never looks into a request, and takes no part in what is said.
const version = "%VERSION%";
const files = "%FILES%";

const cacheName = `waxseal-shell-${version}`;
const known = new Map(files);

self.addEventListener("install", (event) => {
  const keep = async () => {
    const cache = await caches.open(cacheName);
    // By hash: a file that is not what was built is not kept, and this version does not start.
    await Promise.all(
      files.map(async ([url, integrity]) => {
        // What is named by its hash came with the page a moment ago.
        const from = url.startsWith("/assets/") ? "default" : "no-cache";
        const answer = await fetch(new Request(url, { ...(integrity ? { integrity } : {}), cache: from, credentials: "same-origin" }));
        if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
        await cache.put(url, answer);
      }),
    );
  };
  event.waitUntil(keep());
});

self.addEventListener("activate", (event) => {
  const drop = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith("waxseal-shell-") && name !== cacheName).map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(drop());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin || url.search !== "") return;
  const path = request.mode === "navigate" && (url.pathname === "/" || url.pathname === "/index.html") ? "/" : url.pathname;
  if (!known.has(path)) return;
  event.respondWith(caches.open(cacheName).then(async (cache) => (await cache.match(path)) ?? fetch(request)));
});

// The page asks for it, when the person said "reload".
self.addEventListener("message", (event) => {
  if (event.data === "take over") void self.skipWaiting();
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const show = async () => {
    const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const there = windows[0];
    const hash = `#/chat/${event.notification.data}`;
    if (!there) return self.clients.openWindow(`/${hash}`);
    there.postMessage({ show: hash });
    return there.focus();
  };
  event.waitUntil(show());
});
