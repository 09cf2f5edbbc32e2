import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The package for React pages of other applications: see src/backup/index.ts. */
export default defineConfig({
  plugins: [react()],
  resolve: { tsconfigPaths: true },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    lib: { entry: "src/backup/index.ts", formats: ["es"], fileName: "index", cssFileName: "style" },
    // What a page has only once, or brings anyway, is not bundled.
    rolldownOptions: { external: /^(?!@\/)[@a-z]/ },
  },
});
