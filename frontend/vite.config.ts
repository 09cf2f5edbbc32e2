import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Small pieces of the first load: each in a file of its own would be compressed by itself. */
const FRAME = new RegExp(
  [
    "src/(api|backup)/",
    "src/parts/(ActionButton|JobProgress|PageHead|States|StatusBadge|useOnce)\\.",
    "@mantine/core/esm/components/(Anchor|Button|Divider|List|Paper|SimpleGrid|Stack)/",
    "@tanstack/",
  ].join("|"),
);

export default defineConfig({
  // Relative, so that the page works below any path.
  base: "./",
  plugins: [react()],
  resolve: { tsconfigPaths: true },
  build: {
    outDir: "../src/holdfast/web/server/static/built",
    emptyOutDir: true,
    target: "es2022",
    // The policy of the server forbids `data:` scripts and fonts.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 600,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "frame", test: FRAME }] } } },
  },
  server: {
    // While it is worked on: the interface of a server that runs beside.
    proxy: { "/api": process.env.HOLDFAST_URL ?? "http://127.0.0.1:8080" },
  },
});
