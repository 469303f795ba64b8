// The part of the page that can be seen. Where an on-screen keyboard covers the page instead of shrinking it (Safari),
// only the visual viewport tells so; the page then takes that room, and no more.

class Viewport {
  /** In CSS pixels: what is left of the page's height, and how far down it begins; null where all of it can be seen. */
  left = $state.raw<{ height: number; top: number } | null>(null);

  start(): void {
    const view = globalThis.visualViewport;
    if (!view) return;
    const look = (): void => {
      // Whoever enlarged the page sees a part of it on purpose.
      const isCovered = view.scale === 1 && innerHeight - view.height > 1;
      this.left = isCovered ? { height: view.height, top: view.offsetTop } : null;
    };
    view.addEventListener("resize", look);
    view.addEventListener("scroll", look);
    look();
  }
}

export const viewport = new Viewport();
