import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { tsconfigPaths: true },
  test: {
    include: ["tests/**/*.test.{ts,tsx}"],
    globalSetup: "tests/hooks/backend.ts",
    // Backups are really made, on machines that do other things too.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
