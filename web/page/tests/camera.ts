// A camera for tests: Chromium plays a film as one, and what it shows is a picture of a page's own QR code.
import { writeFileSync } from "node:fs";
import { type Browser, type Locator, type Page, chromium, test } from "@playwright/test";

const [width, height] = [640, 480] as const;

/** A photograph of what is drawn there, as a film of a few frames (YUV4MPEG2): smaller, not quite straight, on a grey table. */
export async function filmOf(drawn: Locator): Promise<string> {
  const photo = (await drawn.screenshot()).toString("base64");
  const grey = await drawn.page().evaluate(async ([photo, width, height]) => {
    const bytes = Uint8Array.from(atob(photo), (c) => c.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const pen = new OffscreenCanvas(width, height).getContext("2d") as OffscreenCanvasRenderingContext2D;
    pen.fillStyle = "#8a8a8a";
    pen.fillRect(0, 0, width, height);
    pen.translate(width / 2, height / 2);
    pen.rotate(0.06);
    const side = height * 0.82;
    pen.drawImage(picture, -side / 2, -side / 2, side, side);
    const { data } = pen.getImageData(0, 0, width, height);
    return Array.from({ length: width * height }, (_, at) => Math.round(((data[4 * at] ?? 0) + (data[4 * at + 1] ?? 0) + (data[4 * at + 2] ?? 0)) / 3));
  }, [photo, width, height] as const);
  const frame = Buffer.concat([Buffer.from("FRAME\n"), Buffer.from(grey), Buffer.alloc((width * height) / 2, 128)]);
  const film = test.info().outputPath("film.y4m");
  writeFileSync(film, Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A0:0 C420jpeg\n`), frame, frame, frame]));
  return film;
}

/** A browser before whose camera that film runs; null: it has no camera; "denied": the person says no. */
export async function browserSeeing(film: string | null | "denied", baseURL: string | undefined): Promise<{ browser: Browser; page: Page }> {
  const allowed = film === "denied" ? [] : ["--use-fake-ui-for-media-stream"];
  const shown = film === null ? [] : ["--use-fake-device-for-media-stream", ...(film === "denied" ? [] : [`--use-file-for-fake-video-capture=${film}`])];
  const browser = await chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: ["--no-sandbox", ...allowed, ...shown] });
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1280, height: 800 }, ...(baseURL ? { baseURL } : {}) });
  // What was turned on can be asked for later.
  await context.addInitScript(() => {
    const streams: MediaStream[] = [];
    Object.assign(window, { streams });
    const get = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      const stream = await get(wanted);
      streams.push(stream);
      return stream;
    };
  });
  return { browser, page: await context.newPage() };
}

/** Whether a camera was turned on, and none is any more. */
export const isCameraOff = (page: Page): Promise<boolean> =>
  page.evaluate(() => {
    const { streams } = window as unknown as { streams: MediaStream[] };
    return streams.length > 0 && streams.every((stream) => stream.getTracks().every((track) => track.readyState === "ended"));
  });
