import { getMe } from "@/api/generated/server";
import { serverClient as client } from "@/api/server";

/** What is begun within the last moments that a password is good for may come too late. */
const MARGIN_MS = 30_000;

/** Whether the server would ask for the password now, by its own clock. */
export async function isStepUpDue(): Promise<boolean> {
  const { data, response } = await getMe({ client, throwOnError: true });
  const { via, stepped_up_until: until } = data;
  if (via !== "session") return false;
  const now = Date.parse(response.headers.get("Date") ?? "") || Date.now();
  return until === null || Date.parse(until) - now < MARGIN_MS;
}
