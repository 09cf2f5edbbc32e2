import { type QueryClient, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import {
  changePassword,
  getMe,
  getSetup,
  listLoginWays,
  logIn,
  logOut,
  type Me,
  setUp,
} from "@/api/generated/server";
import { toProblem } from "@/api/problem";
import { serverClient as client, doorClient, watch } from "@/api/server";
import { answerOf } from "@/backup/hooks/answer";

export const ME = ["session", "me"];

const WHO_IS_HERE = {
  queryKey: ME,
  queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Me | null> => {
    try {
      return await answerOf(getMe({ client: doorClient, signal, throwOnError: true }));
    } catch (error) {
      if (toProblem(error).status === 401) return null;
      throw error;
    }
  },
};

/** Who is logged in; null for nobody. */
export function useMe() {
  return useQuery({ ...WHO_IS_HERE, staleTime: 60_000 });
}

/** Whether nobody is logged in any more; asked once, however many requests are refused. */
async function isNobodyHere(cache: QueryClient): Promise<boolean> {
  if (cache.getQueryData(ME) === null) return true;
  const found = await cache.fetchQuery({ ...WHO_IS_HERE, staleTime: 0 }).catch(() => undefined);
  return found === null;
}

/**
 * Whose page is shown. It stays as it is when the login ends in between, with all that was typed:
 * requests wait, and go on when the same user has logged in again. Another one gets a page anew.
 */
export function useVisitor() {
  const me = useMe();
  const cache = useQueryClient();
  const [visitor, setVisitor] = useState<Me | null>(null);
  const waiting = useRef<Array<(now: Me) => void>>([]);
  if (me.data && me.data !== visitor) setVisitor(me.data);

  const onUnknown = useEffectEvent(async (): Promise<boolean> => {
    // The refusal may be of a wrong password.
    if (visitor === null || !(await isNobodyHere(cache))) return false;
    return new Promise((resolve) =>
      waiting.current.push((now) => resolve(now.username === visitor.username)),
    );
  });
  useEffect(() => {
    watch.onUnknown = () => onUnknown();
    watch.onLeft = () => setVisitor(null);
  }, []);
  useEffect(() => {
    if (me.data) for (const go of waiting.current.splice(0)) go(me.data);
  }, [me.data]);
  return { me, visitor };
}

/** Whether the server waits for its first administrator, and how one can log in. */
export function useEntrance() {
  return useQuery({
    queryKey: ["session", "entrance"],
    queryFn: async ({ signal }) => {
      const [setup, ways] = await Promise.all([
        answerOf(getSetup({ client: doorClient, signal, throwOnError: true })),
        answerOf(listLoginWays({ client: doorClient, signal, throwOnError: true })),
      ]);
      return { setUpNeeded: setup.needed, ...ways };
    },
  });
}

export function useLogIn() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: { username: string; password: string }) =>
      answerOf(logIn({ client: doorClient, body, throwOnError: true })),
    onSuccess: (me) => cache.setQueryData(ME, me),
  });
}

/** Make the first administrator, and log in. */
export function useSetUp() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (body: { token: string; username: string; password: string }) => {
      const { username, password } = body;
      await setUp({ client: doorClient, body, throwOnError: true });
      const login = { client: doorClient, body: { username, password } } as const;
      return answerOf(logIn({ ...login, throwOnError: true }));
    },
    onSuccess: (me) => cache.setQueryData(ME, me),
  });
}

/** Log out, and forget all that was shown. */
export function useLogOut() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: () => logOut({ client, throwOnError: true }),
    onSuccess: () => {
      cache.setQueryData(ME, null);
      watch.onLeft?.();
      // Not `clear`: the page would go on watching the answer that was taken away.
      cache.removeQueries({ predicate: ({ queryKey }) => queryKey[1] !== ME[1] });
    },
  });
}

export function useChangePassword() {
  return useMutation({
    mutationFn: (body: { current_password: string; new_password: string }) =>
      changePassword({ client, body, throwOnError: true }),
  });
}
