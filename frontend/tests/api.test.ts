import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { createConnection } from "@/api/connection";
import { listBackups } from "@/api/generated/plan";
import { NO_ANSWER, Problem, toProblem } from "@/api/problem";

let server: Server | undefined;
afterEach(() => server?.close());

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function serving(answer: Answer): Promise<string> {
  const listening = createServer(answer);
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

const refuse = (response: ServerResponse, status: number, code: string) => {
  response.writeHead(status, { "Content-Type": "application/problem+json" });
  response.end(
    JSON.stringify({ status, code, detail: "no", title: "No.", type: `errors/${code}` }),
  );
};
const empty = (response: ServerResponse) => {
  response.writeHead(200, { "Content-Type": "application/json" });
  response.end(JSON.stringify({ total: 0, next_cursor: null, backups: [] }));
};

it("a request that wants the password is sent again once, when it was given", async () => {
  let asked = 0;
  const sent: string[] = [];
  const baseUrl = await serving((request, response) => {
    sent.push(String(request.headers.authorization));
    if (sent.length === 1) refuse(response, 403, "step-up-required");
    else empty(response);
  });
  const stepUp = async () => {
    asked += 1;
    return true;
  };
  const headers = () => ({ Authorization: "Bearer of-a-host" });
  const { client } = createConnection({ baseUrl, headers, stepUp });
  const { data } = await listBackups({ client, throwOnError: true });
  expect(data.total).toBe(0);
  expect(asked).toBe(1);
  expect(sent).toEqual(["Bearer of-a-host", "Bearer of-a-host"]);
});

it.each([
  ["not given", "step-up-required", false, 1],
  ["not what is missing", "permission-denied", true, 0],
])("a password that is %s leaves the refusal", async (_, code, given, times) => {
  let asked = 0;
  const baseUrl = await serving((_request, response) => refuse(response, 403, code));
  const stepUp = async () => {
    asked += 1;
    return given;
  };
  const { client } = createConnection({ baseUrl, stepUp });
  await expect(listBackups({ client, throwOnError: true })).rejects.toMatchObject({ code });
  expect(asked).toBe(times);
});

it.each([
  ["again once the sender is known again", true, 2],
  ["once if it is not", false, 1],
])("a request of who is not known is sent %s", async (_, known, times) => {
  const sent: string[] = [];
  const baseUrl = await serving((request, response) => {
    request.setEncoding("utf8").on("data", (text) => sent.push(text));
    request.on("end", () => {
      if (sent.length > 1) empty(response);
      else refuse(response, 401, "not-authenticated");
    });
  });
  const { send } = createConnection({ baseUrl, onUnknown: async () => known });
  const answer = await send(baseUrl, { method: "POST", body: "what was typed" });
  expect(answer.status).toBe(known ? 200 : 401);
  expect(sent).toEqual(Array(times).fill("what was typed"));
});

it("a server that is not there is a problem that may pass", async () => {
  const baseUrl = await serving(() => undefined);
  await new Promise((resolve) => server?.close(resolve));
  const { client } = createConnection({ baseUrl });
  const failure = listBackups({ client, throwOnError: true });
  await expect(failure).rejects.toMatchObject({ status: 0, code: NO_ANSWER, passing: true });
});

it("what a proxy says in HTML is not shown as a sentence", async () => {
  const baseUrl = await serving((_request, response) => {
    response.writeHead(502, { "Content-Type": "text/html" });
    response.end("<html><h1>Bad Gateway</h1></html>");
  });
  const { client } = createConnection({ baseUrl });
  const failure = listBackups({ client, throwOnError: true });
  await expect(failure).rejects.toMatchObject({ status: 502, message: "HTTP 502", passing: true });
});

it("a host's own refusal keeps its words", () => {
  const problem = toProblem({ detail: "Not of this office" }, 403);
  expect(problem).toBeInstanceOf(Problem);
  expect(problem).toMatchObject({ status: 403, message: "Not of this office", passing: false });
});
