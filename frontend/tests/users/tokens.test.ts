import { expect, it } from "vitest";
import { tokenState } from "@/features/users/tokens";

const NOW = new Date("2026-01-31T12:00:00Z");

it.each([
  [null, "2026-02-01T00:00:00Z", "good"],
  [null, null, "good"],
  [null, "2026-01-31T12:00:00Z", "expired"],
  ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "revoked"],
  ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "revoked"],
] as const)("a token revoked at %s that ends at %s is %s", (revoked_at, expires_at, state) => {
  expect(tokenState({ revoked_at, expires_at }, NOW)).toBe(state);
});
