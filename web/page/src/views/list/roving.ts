// One stop of the Tab key for a whole list; arrows go through it (WAI-ARIA, roving focus).

/** On a list whose rows are links or buttons with `data-row`. */
export function roving(list: HTMLElement): () => void {
  const rows = (): HTMLElement[] => [...list.querySelectorAll<HTMLElement>("[data-row]")];
  const setStop = (stop: HTMLElement | undefined): void => {
    for (const row of rows()) row.tabIndex = row === stop ? 0 : -1;
  };
  const first = (): HTMLElement | undefined => rows().find((row) => row.getAttribute("aria-current") !== null) ?? rows()[0];
  const key = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const all = rows();
    const now = all.indexOf(document.activeElement as HTMLElement);
    const goes: Record<string, number> = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: all.length - 1 };
    const next = all[Math.max(0, goes[event.key] ?? -1)];
    if (goes[event.key] === undefined || !next || now < 0) return;
    event.preventDefault();
    setStop(next);
    next.focus();
  };
  const focused = (event: FocusEvent): void => {
    const row = (event.target as HTMLElement).closest<HTMLElement>("[data-row]");
    if (row) setStop(row);
  };
  list.addEventListener("keydown", key);
  list.addEventListener("focusin", focused);
  const watch = new MutationObserver(() => {
    if (!rows().some((row) => row.tabIndex === 0)) setStop(first());
  });
  watch.observe(list, { childList: true, subtree: true });
  setStop(first());
  return () => {
    watch.disconnect();
    list.removeEventListener("keydown", key);
    list.removeEventListener("focusin", focused);
  };
}
