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

/** Start the application of backend.py; return where it answers, and what ends it. */
export async function startBackend(): Promise<{ address: string; end: () => Promise<void> }> {
  const child = spawn(at("../../../.venv/bin/python"), [at("backend.py")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [address] = await Promise.race([
    once(lines, "line"),
    ended.then(([status]) => Promise.reject(new Error(`backend.py ended with ${status}`))),
  ]);
  const end = async () => {
    child.stdin.end();
    await ended;
  };
  return { address: address as string, end };
}

/** Start one for the tests of the hooks, and end it with them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { address, end } = await startBackend();
  project.provide("backend", address);
  return end;
}
