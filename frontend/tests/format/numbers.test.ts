import { expect, test } from "vitest";
import { formatBytes } from "@/format/numbers";

test.each([
  [0, "0 bytes"],
  [1, "1 byte"],
  [999, "999 bytes"],
  [1000, "1 kB"],
  [9_960, "10 kB"],
  [999_499, "999 kB"],
  [999_500, "1 MB"],
  [999_999, "1 MB"],
  [1_440_000, "1.4 MB"],
  [999_999_999, "1 GB"],
  [5e15, "5,000 TB"],
])("%d bytes are said in the unit that takes three digits: %s", (bytes, said) => {
  expect(formatBytes(bytes, "en")).toBe(said);
});
