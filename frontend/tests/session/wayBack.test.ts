// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { keepScreen, returnToScreen } from "@/features/session/wayBack";

it("leads back to the screen that was left for the provider, once, and from no other", () => {
  location.hash = "#/backups?status=failed";
  keepScreen();
  history.replaceState(null, "", location.pathname);
  returnToScreen();
  expect(location.hash).toBe("#/backups?status=failed");
  history.replaceState(null, "", location.pathname);
  returnToScreen();
  expect(location.hash).toBe("");
  location.hash = "#/jobs";
  keepScreen();
  location.hash = "#/audit";
  returnToScreen();
  expect(location.hash).toBe("#/audit");
});
