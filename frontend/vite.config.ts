import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

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
  },
  server: {
    // While it is worked on: the interface of a server that runs beside.
    proxy: { "/api": process.env.HOLDFAST_URL ?? "http://127.0.0.1:8080" },
  },
});
