// Days and times as the language writes them. Called by views; reads the clock of the person's device.
import { locale, say } from "./words.svelte";

const format = (options: Intl.DateTimeFormatOptions, at: number): string => new Intl.DateTimeFormat(locale(), options).format(at);

/** A number for the day in the person's own zone: the same for all moments of one day. */
export function dayOf(at: number): number {
  const date = new Date(at);
  return date.getFullYear() * 10_000 + date.getMonth() * 100 + date.getDate();
}

const daysAgo = (at: number, now: number): number => {
  const midnight = (ms: number): number => new Date(ms).setHours(0, 0, 0, 0);
  return Math.round((midnight(now) - midnight(at)) / 86_400_000);
};

/** `09:05` */
export const clock = (at: number): string => format({ hour: "2-digit", minute: "2-digit" }, at);

/** `Today`, `Thursday, 1 January`, with the year where it is another. */
export function day(at: number, now = Date.now()): string {
  const ago = daysAgo(at, now);
  if (ago === 0) return say("day.today");
  if (ago === 1) return say("day.yesterday");
  const isThisYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return format({ weekday: "long", day: "numeric", month: "long", ...(isThisYear ? {} : { year: "numeric" }) }, at);
}

/** In the list: the time today, then the weekday, then the date. */
export function short(at: number, now = Date.now()): string {
  const ago = daysAgo(at, now);
  if (ago <= 0) return clock(at);
  if (ago === 1) return say("day.yesterday");
  return ago < 7 ? format({ weekday: "short" }, at) : format({ day: "2-digit", month: "2-digit", year: "2-digit" }, at);
}

export const date = (at: number): string => format({ dateStyle: "medium" }, at);
/** `23 Nov 2026, 19:55` */
export const moment = (at: number): string => format({ dateStyle: "medium", timeStyle: "short" }, at);
export const full = (at: number): string => format({ dateStyle: "full", timeStyle: "short" }, at);

/** `just now`, `5 minutes ago`, `yesterday`: within a sentence. What a clock puts into the future is now. */
export function ago(at: number, now = Date.now()): string {
  const minutes = Math.floor((now - at) / 60_000);
  if (minutes < 1) return say("day.now");
  const [value, unit] = minutes < 60 ? [minutes, "minute" as const] : minutes < 24 * 60 ? [Math.floor(minutes / 60), "hour" as const] : [daysAgo(at, now), "day" as const];
  return new Intl.RelativeTimeFormat(locale(), { numeric: unit === "day" ? "auto" : "always" }).format(-value, unit);
}

/** `12 sec`, `2 min`. */
export function span(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  const [value, unit] = seconds < 90 ? [seconds, "second"] : [Math.ceil(seconds / 60), "minute"];
  return new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "short" }).format(value);
}

/** `3.2 MB`. */
export function bytes(count: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const step = Math.min(units.length - 1, Math.floor(Math.log(Math.max(1, count)) / Math.log(1000)));
  const unit = units[step] ?? "byte";
  return new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 }).format(count / 1000 ** step);
}
