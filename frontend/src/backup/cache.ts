import { QueryClient } from "@tanstack/react-query";
import { toProblem } from "@/api/problem";

/** Whether a question is put again: a busy server may answer in a moment, a refusal stays one. */
function isWorthAnother(failures: number, error: unknown): boolean {
  return failures < 2 && toProblem(error).passing;
}

/** Return an empty cache for what the server said. */
export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // What is asked for while there is no network fails at once, and is not done an hour later.
      queries: { staleTime: 5_000, retry: isWorthAnother, networkMode: "always" },
      mutations: { retry: false, networkMode: "always" },
    },
  });
}
