// The headers under which the page is served, as the preview for tests sends them: policy.txt is the server's own.
import { readFileSync } from "node:fs";

const lines = readFileSync(new URL("../policy.txt", import.meta.url), "utf8").split("\n");

export const policy = lines.filter((line) => line !== "" && !line.startsWith("#")).join("; ");

export const headers = {
  "Content-Security-Policy": policy,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  // A QR code is read in the page; nothing else here needs a sensor.
  "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
};
