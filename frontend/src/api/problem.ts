import type { HoldfastProblem } from "@/api/generated/plan";

/** Why the server did not do what it was asked: what happened, and what to do (RFC 9457). */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string | null;
  readonly fields: ReadonlyArray<{ location: ReadonlyArray<string | number>; message: string }>;

  constructor(found: Partial<HoldfastProblem> & { status: number; detail: string }) {
    super(found.detail);
    this.name = "Problem";
    this.status = found.status;
    this.code = found.code ?? "error";
    this.hint = found.hint ?? null;
    this.fields = found.errors ?? [];
  }

  /** Whether it makes sense to ask again without changing anything. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The connection failed before there was an answer. */
export const NO_ANSWER = "no-answer";

/** Make a problem of whatever a request threw. */
export function toProblem(error: unknown, status = 0): Problem {
  if (error instanceof Problem) return error;
  if (isDescribed(error)) return new Problem({ ...error, status: error.status ?? status });
  if (status === 0) {
    const detail = error instanceof Error ? error.message : "";
    return new Problem({ status, detail, code: NO_ANSWER });
  }
  // A proxy, or the host application's own handler.
  return new Problem({ status, detail: textOf(error) || `HTTP ${status}`, code: `http-${status}` });
}

function isDescribed(error: unknown): error is HoldfastProblem {
  return typeof error === "object" && error !== null && "code" in error && "detail" in error;
}

function textOf(error: unknown): string {
  if (typeof error === "string") return error.length < 300 && !error.includes("<") ? error : "";
  const detail = (error as { detail?: unknown } | null)?.detail;
  return typeof detail === "string" ? detail : "";
}
