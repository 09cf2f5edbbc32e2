import type { TokenView } from "@/api/generated/server";

/** Whether a token opens the door, or why not. */
export function tokenState(
  token: Pick<TokenView, "revoked_at" | "expires_at">,
  now: Date,
): "good" | "revoked" | "expired" {
  if (token.revoked_at) return "revoked";
  return token.expires_at && new Date(token.expires_at) <= now ? "expired" : "good";
}
