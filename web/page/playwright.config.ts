// The tests of the views: a real Chromium, the page under its real headers, the stand-in for the core.
import { defineConfig } from "@playwright/test";

const port = 4173;
export default defineConfig({
  testDir: "tests",
  testMatch: "*.spec.ts",
  outputDir: ".results",
  fullyParallel: true,
  workers: 2,
  timeout: 30_000,
  expect: { timeout: 5_000 },
  reporter: [["line"]],
  use: {
    baseURL: `http://localhost:${port}`,
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    launchOptions: { executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: ["--no-sandbox"] },
  },
  webServer: { command: `npx vite preview --mode play --outDir .play --port ${port} --strictPort`, port, reuseExistingServer: true },
});
