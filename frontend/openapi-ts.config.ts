import { defineConfig, type UserConfig } from "@hey-api/openapi-ts";

// One client for the routes of a plan, which any application may serve, and one for the routes
// that only `holdfast serve` has.
const clientOf = (name: string, file: string): UserConfig => ({
  input: `../docs/reference/${file}`,
  logs: { level: "silent" },
  output: { path: `src/api/generated/${name}`, clean: true },
  plugins: ["@hey-api/client-fetch", "@hey-api/typescript", "@hey-api/sdk"],
});

export default defineConfig([
  clientOf("plan", "openapi.json"),
  clientOf("server", "openapi-server.json"),
]);
