import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { listTokens, makeToken, type NewTokenBody, revokeToken } from "@/api/generated/server";
import { serverClient as client } from "@/api/server";
import { answerOf } from "@/backup/hooks/answer";

const TOKENS = ["server", "tokens"];

/** One's own API tokens, or those of all users. */
export function useTokens(ofAll: boolean) {
  return useQuery({
    queryKey: [...TOKENS, ofAll],
    queryFn: async ({ signal }) =>
      (await answerOf(listTokens({ client, query: { all: ofAll }, signal, throwOnError: true })))
        .tokens,
  });
}

/** Make a token; the answer is the only place where it ever stands. */
export function useMakeToken() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: NewTokenBody) => answerOf(makeToken({ client, body, throwOnError: true })),
    onSuccess: () => void cache.invalidateQueries({ queryKey: TOKENS }),
    gcTime: 0,
  });
}

/** Look again at the tokens: one that is asked about may have been used since. */
export function useLookAtTokens() {
  const cache = useQueryClient();
  return () => void cache.invalidateQueries({ queryKey: TOKENS });
}

/** Revoke a token. */
export function useRevokeToken() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (token_id: string) =>
      revokeToken({ client, path: { token_id }, throwOnError: true }),
    onSettled: () => void cache.invalidateQueries({ queryKey: TOKENS }),
  });
}
