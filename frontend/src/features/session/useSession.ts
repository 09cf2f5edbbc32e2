import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
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
import { serverClient as client } from "@/api/server";
import { answerOf } from "@/backup/hooks/answer";

export const ME = ["session", "me"];

/** Who is logged in; null for nobody. */
export function useMe() {
  return useQuery({
    queryKey: ME,
    queryFn: async ({ signal }): Promise<Me | null> => {
      try {
        return await answerOf(getMe({ client, signal, throwOnError: true }));
      } catch (error) {
        if (toProblem(error).status === 401) return null;
        throw error;
      }
    },
    staleTime: 60_000,
  });
}

/** Whether the server waits for its first administrator, and how one can log in. */
export function useEntrance() {
  return useQuery({
    queryKey: ["session", "entrance"],
    queryFn: async ({ signal }) => {
      const [setup, ways] = await Promise.all([
        answerOf(getSetup({ client, signal, throwOnError: true })),
        answerOf(listLoginWays({ client, signal, throwOnError: true })),
      ]);
      return { setUpNeeded: setup.needed, ...ways };
    },
  });
}

export function useLogIn() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: { username: string; password: string }) =>
      answerOf(logIn({ client, body, throwOnError: true })),
    onSuccess: (me) => cache.setQueryData(ME, me),
  });
}

/** Make the first administrator, and log in. */
export function useSetUp() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (body: { token: string; username: string; password: string }) => {
      await setUp({ client, body, throwOnError: true });
      const { username, password } = body;
      return answerOf(logIn({ client, body: { username, password }, throwOnError: true }));
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
