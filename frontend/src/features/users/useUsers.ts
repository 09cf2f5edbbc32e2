import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  addUser,
  changeUser,
  listUsers,
  type NewUserBody,
  removeUser,
  type UserChangeBody,
} from "@/api/generated/server";
import { serverClient as client } from "@/api/server";
import { answerOf } from "@/backup/hooks/answer";

const USERS = ["server", "users"];

/** All users of the server; for administrators. */
export function useUsers() {
  return useQuery({
    queryKey: USERS,
    queryFn: async ({ signal }) =>
      (await answerOf(listUsers({ client, signal, throwOnError: true }))).users,
  });
}

/** Add a user. */
export function useAddUser() {
  return useUserChange((body: NewUserBody) => addUser({ client, body, throwOnError: true }));
}

/** Change a user's role or password, or lock the user out or in. */
export function useChangeUser() {
  return useUserChange(({ username, ...body }: UserChangeBody & { username: string }) =>
    changeUser({ client, path: { username }, body, throwOnError: true }),
  );
}

/** Remove a user, with all logins and tokens. */
export function useRemoveUser() {
  return useUserChange((username: string) =>
    removeUser({ client, path: { username }, throwOnError: true }),
  );
}

function useUserChange<Wanted>(change: (wanted: Wanted) => Promise<unknown>) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: change,
    // Tokens end with their user.
    onSettled: () => void cache.invalidateQueries({ queryKey: ["server"] }),
  });
}
