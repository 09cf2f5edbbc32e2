import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Where a real Holdfast answers. */
    backend: string;
  }
}

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Start the application of backend.py, and end it with the tests. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const child = spawn(at("../../../.venv/bin/python"), [at("backend.py")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [address] = await Promise.race([
    once(lines, "line"),
    ended.then(([status]) => Promise.reject(new Error(`backend.py ended with ${status}`))),
  ]);
  project.provide("backend", address as string);
  return async () => {
    child.stdin.end();
    await ended;
  };
}
