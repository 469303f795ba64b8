// The tests of the views: a real Chromium, the page under its real headers, the stand-in for the core.
import { defineConfig } from "@playwright/test";

/** Another one for each folder that the project lies in: two of them can be tested at once, and never see each other's page. */
const port = 4_200 + ([...process.cwd()].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 9_973, 7) % 2_000);

export default defineConfig({
  testDir: "tests",
  testMatch: "*.spec.ts",
  outputDir: ".results",
  fullyParallel: true,
  workers: 2,
  // Room for a machine that does other things, too; what is due at once is due at once all the same.
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["line"]],
  use: {
    baseURL: `http://localhost:${port}`,
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    launchOptions: { executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: ["--no-sandbox"] },
  },
  webServer: { command: `npx vite preview --mode play --outDir .play --port ${port} --strictPort`, port, reuseExistingServer: false },
});
