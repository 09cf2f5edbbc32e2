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
      queries: { staleTime: 5_000, retry: isWorthAnother },
      mutations: { retry: false },
    },
  });
}
