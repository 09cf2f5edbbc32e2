import { createConnection } from "@/api/connection";
import { createClient } from "@/api/generated/server/client";
import { toProblem } from "@/api/problem";

/** Where the routes of the server are, seen from the page: whatever path it is served below. */
export const API = new URL("api/v1", document.baseURI.replace(/[#?].*$/, "")).pathname;

interface Watch {
  stepUp?: () => Promise<boolean>;
  isStepUpDue?: () => Promise<boolean>;
  /** Gives true once the one who was logged in is logged in again. */
  onUnknown?: () => Promise<boolean>;
  /** Told when somebody has logged out. */
  onLeft?: () => void;
}

/** What the page does when the server wants a password or a login; set once, by the session. */
export const watch: Watch = {};

/** The server's own routes: logins, users, tokens, plans. */
export const serverClient = createClient({
  baseUrl: API,
  fetch: ((input: RequestInfo, init?: RequestInit) => connection.send(input, init)) as typeof fetch,
});
serverClient.interceptors.error.use((error, response) => toProblem(error, response?.status ?? 0));

/** The same for who logs in, and for the question who is logged in: to be unknown is an answer. */
export const doorClient = createClient({ baseUrl: API });
doorClient.interceptors.error.use((error, response) => toProblem(error, response?.status ?? 0));

const connection = createConnection({
  baseUrl: API,
  stepUp: () => watch.stepUp?.() ?? Promise.resolve(false),
  onUnknown: () => watch.onUnknown?.() ?? false,
});
