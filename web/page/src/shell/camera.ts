// The camera, and what reads QR codes out of its pictures: the browser's own reader where there is one, else a library
// that is loaded when it is wanted. No picture is kept, and none leaves this page.

/** Why there is no picture: not allowed, no camera, or another program has it. */
export type NoCamera = "denied" | "none" | "busy" | "reader";

export type Scan = { stream: MediaStream; stop: () => void };

const isOneOf = (error: unknown, ...names: string[]): boolean => error instanceof DOMException && names.includes(error.name);

/** Turns the camera on, the one that looks away from the person where there are two. Rejects with a NoCamera. */
export async function lookOut(): Promise<Scan> {
  // Not there where the page came over plain HTTP.
  if (!navigator.mediaDevices) throw "none" satisfies NoCamera;
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } } });
    return { stream, stop: () => stream.getTracks().forEach((track) => track.stop()) };
  } catch (error) {
    throw (isOneOf(error, "NotAllowedError", "SecurityError") ? "denied" : isOneOf(error, "NotFoundError", "OverconstrainedError") ? "none" : "busy") satisfies NoCamera;
  }
}

type Read = (video: HTMLVideoElement) => Promise<string | null>;
type Detector = { detect(source: CanvasImageSource): Promise<{ rawValue: string }[]> };
type DetectorOf = { new (wanted: { formats: string[] }): Detector; getSupportedFormats(): Promise<string[]> };

/** The browser's reader; null where it has none, or one that knows other codes only. */
async function own(): Promise<Read | null> {
  const { BarcodeDetector } = globalThis as { BarcodeDetector?: DetectorOf };
  const formats = (await BarcodeDetector?.getSupportedFormats().catch(() => [])) ?? [];
  if (!BarcodeDetector || !formats.includes("qr_code")) return null;
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  return async (video) => (await detector.detect(video))[0]?.rawValue ?? null;
}

/** Pictures are read at no more than so many pixels a side: enough for every code that Waxseal shows. */
const most = 720;

async function library(): Promise<Read> {
  const { decodeQR } = await import("qr/decode.js");
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    // The middle of the picture: what the frame on the screen shows.
    const side = Math.min(video.videoWidth, video.videoHeight);
    if (!pen || side === 0) return null;
    canvas.width = canvas.height = Math.min(side, most);
    pen.drawImage(video, (video.videoWidth - side) / 2, (video.videoHeight - side) / 2, side, side, 0, 0, canvas.width, canvas.height);
    try {
      return decodeQR(pen.getImageData(0, 0, canvas.width, canvas.height));
    } catch {
      return null; // No code in this picture.
    }
  };
}

/** What reads a code out of a picture. Rejects with "reader" where it cannot be loaded. */
export async function reader(): Promise<Read> {
  try {
    return (await own()) ?? (await library());
  } catch {
    throw "reader" satisfies NoCamera;
  }
}
