import { type Client, createClient } from "@/api/generated/plan/client";
import { type Problem, toProblem } from "@/api/problem";

export interface ConnectionOptions {
  /** Where the routes begin: `/api/v1/plans/shop`, or the prefix of `include_router`. */
  baseUrl: string;
  /** Sent with every request, such as `Authorization`; asked anew each time. */
  headers?: () => Record<string, string>;
  /** Asks for the password; true if it was given, and the request is sent again. */
  stepUp?: () => Promise<boolean>;
  /** Whether the password would be asked for now; looked at before much is sent. */
  isStepUpDue?: () => Promise<boolean>;
  /** Told when the server does not know the sender (any more); a promise of true has it sent again. */
  onUnknown?: () => unknown;
  fetch?: typeof fetch;
}

/** How requests reach the server: one address, one way to say who asks. */
export interface Connection {
  readonly baseUrl: string;
  readonly client: Client;
  /** Send a request that may need the password again; answers a problem by throwing it. */
  readonly send: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;
  readonly headers: () => Record<string, string>;
  readonly stepUp?: () => Promise<boolean>;
  readonly isStepUpDue?: () => Promise<boolean>;
}

/** Make a connection; nothing is sent yet. */
export function createConnection(options: ConnectionOptions): Connection {
  const plain = options.fetch ?? ((input, init) => fetch(input, init));
  const headers: Connection["headers"] = options.headers ?? (() => ({}));

  const send = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    for (const [name, value] of Object.entries(headers())) request.headers.set(name, value);
    const [again, andAgain] = [request.clone(), request.clone()];
    let answer = await plain(request);
    if (answer.status === 401 && (await options.onUnknown?.()) === true)
      answer = await plain(again);
    const asked = answer.status === 403 && options.stepUp !== undefined;
    if (!asked || !(await wantsPassword(answer)) || !(await options.stepUp?.())) return answer;
    return plain(andAgain);
  };

  const client = createClient({ baseUrl: options.baseUrl, fetch: send as typeof fetch });
  client.interceptors.error.use((error, response) => toProblem(error, response?.status ?? 0));
  const { baseUrl, stepUp, isStepUpDue } = options;
  return { baseUrl, client, send, headers, stepUp, isStepUpDue };
}

/** A key under which the server does something once, however often it is asked. */
export function newKey(): string {
  // `randomUUID` is not there where a page is served without HTTPS on a network.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("");
}

async function wantsPassword(answer: Response): Promise<boolean> {
  const found = (await answer
    .clone()
    .json()
    .catch(() => null)) as Partial<Problem> | null;
  return found?.code === "step-up-required";
}
