// How the page is built. `vite build` makes what is released; `--mode play` makes the page over the
// stand-in client of src/play, for tests of the views and for `npm run dev`; it is never released.
import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { headers } from "./tools/headers.ts";
import { shell } from "./tools/shell.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig(({ mode }) => ({
  base: "/",
  plugins: [svelte(), shell()],
  resolve: { alias: { "waxseal-client": here(mode === "play" ? "src/play/client.ts" : "src/bridge/client.ts") } },
  worker: { format: "es" },
  build: {
    outDir: mode === "play" ? ".play" : "dist",
    target: "es2022",
    // An asset as data: would need a wider policy; every one is a file of its own, with a hash.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    emptyOutDir: true,
  },
  // What the server will send; so the tests see the page under its real policy.
  preview: { headers },
}));
