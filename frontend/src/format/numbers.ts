const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** A size for people, such as `1.4 MB`; a kilobyte has 1,000 bytes, as the unit's name says. */
export function formatBytes(bytes: number, locale: string): string {
  const power = powerOf(bytes);
  const value = bytes / 1000 ** power;
  return new Intl.NumberFormat(locale, {
    style: "unit",
    unit: UNITS[power],
    unitDisplay: power === 0 ? "long" : "short",
    maximumFractionDigits: value < 9.95 && power > 0 ? 1 : 0,
  }).format(value);
}

/** A size to the byte, such as `1,433,600 bytes`. */
export function formatExactBytes(bytes: number, locale: string): string {
  return new Intl.NumberFormat(locale, {
    style: "unit",
    unit: "byte",
    unitDisplay: "long",
  }).format(bytes);
}

/** The unit that shows a size with three digits: 999,999 bytes are 1 MB, not 1,000 kB. */
function powerOf(bytes: number): number {
  let power = 0;
  while (power < UNITS.length - 1 && Math.round(bytes / 1000 ** power) >= 1000) power++;
  return power;
}

/** A number with the reader's separators. */
export function formatNumber(value: number, locale: string, digits = 0): string {
  return new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value);
}

/** A share of one, such as `42 %`. */
export function formatShare(share: number, locale: string, digits = 0): string {
  return new Intl.NumberFormat(locale, {
    style: "percent",
    maximumFractionDigits: digits,
  }).format(share);
}
