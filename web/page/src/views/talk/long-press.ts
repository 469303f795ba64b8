// A finger that stays asks what can be done, where the browser has no context menu of its own for it.

const patience = 480;
/** A finger is never quite still, in CSS pixels. */
const slack = 10;

export function longPress(call: (at: { x: number; y: number }) => void): (element: HTMLElement) => () => void {
  return (element) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let from = { x: 0, y: 0 };
    const end = (): void => clearTimeout(timer);
    const start = (event: PointerEvent): void => {
      if (event.pointerType !== "touch" || (event.target as HTMLElement).closest("a, button")) return;
      from = { x: event.clientX, y: event.clientY };
      timer = setTimeout(() => call(from), patience);
    };
    const move = (event: PointerEvent): void => {
      if (Math.hypot(event.clientX - from.x, event.clientY - from.y) > slack) end();
    };
    const on = { pointerdown: start, pointermove: move, pointerup: end, pointercancel: end, contextmenu: end };
    for (const [name, hear] of Object.entries(on)) element.addEventListener(name, hear as EventListener);
    return () => {
      end();
      for (const [name, hear] of Object.entries(on)) element.removeEventListener(name, hear as EventListener);
    };
  };
}
