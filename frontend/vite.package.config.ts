import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The package for React pages of other applications: see src/package.ts. */
export default defineConfig({
  plugins: [react()],
  resolve: { tsconfigPaths: true },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    lib: { entry: "src/package.ts", formats: ["es"], fileName: "index", cssFileName: "style" },
    // What a page has only once, or brings anyway, is not bundled. Styles are: all are in style.css.
    rolldownOptions: { external: (id) => /^(?!@\/)[@a-z]/.test(id) && !id.endsWith(".css") },
  },
});
