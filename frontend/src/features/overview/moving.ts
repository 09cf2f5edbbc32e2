const STEPS: Readonly<Record<string, number>> = {
  ArrowUp: -1,
  ArrowDown: 1,
  ArrowLeft: -7,
  ArrowRight: 7,
};

/** Return which day of the grid a key leads to; undefined for other keys and past the edges. */
export function dayAfterKey(key: string, day: number, days: number): number | undefined {
  if (key === "Home") return 0;
  if (key === "End") return days - 1;
  const step = STEPS[key];
  if (step === undefined) return undefined;
  const next = day + step;
  return next >= 0 && next < days ? next : undefined;
}
