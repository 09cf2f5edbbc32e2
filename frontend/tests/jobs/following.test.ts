import { describe, expect, it, vi } from "vitest";
import { type Following, type FollowOptions, followJob } from "@/features/jobs/following";
import { job } from "./job";

const encode = (text: string) => new TextEncoder().encode(text);

function told(number: number, event: string, status: "running" | "completed" = "running"): string {
  return `id: ${number}\nevent: ${event}\ndata: ${JSON.stringify({ at: "x", job: job({ status }) })}\n\n`;
}

/** A stream of pieces; `null` breaks the connection off. */
function stream(...pieces: Array<string | null>): Response {
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else if (piece === null) controller.error(new TypeError("network error"));
      else controller.enqueue(encode(piece));
    },
  });
  return new Response(body);
}

async function follow(answers: Array<Response | Error>, options: Partial<FollowOptions> = {}) {
  const asked: string[] = [];
  const numbers: number[] = [];
  const states: Following[] = [];
  const waits: number[] = [];
  await followJob({
    open: async (lastEventId) => {
      asked.push(lastEventId);
      const answer = answers.shift();
      if (answer === undefined) throw new Error("asked too often");
      if (answer instanceof Error) throw answer;
      return answer;
    },
    onEvent: ({ number }) => numbers.push(number),
    onFollowing: (following) => {
      if (states.at(-1) !== following) states.push(following);
    },
    wait: async (ms) => void waits.push(ms),
    signal: new AbortController().signal,
    ...options,
  });
  return { asked, numbers, states, waits };
}

/** A page that can be hidden. */
class FakePage extends EventTarget {
  visibilityState = "visible";
  turn(state: "visible" | "hidden") {
    this.visibilityState = state;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

describe("following a job", () => {
  it("has no stream while the page is hidden, and goes on when it is seen again", async () => {
    const page = new FakePage();
    vi.stubGlobal("document", page);
    const open: AbortSignal[] = [];
    const asked: string[] = [];
    const states: Following[] = [];
    let heard = 0;
    const done = followJob({
      open: async (lastEventId, signal) => {
        asked.push(lastEventId);
        open.push(signal);
        if (open.length > 1) return stream(told(2, "finished", "completed"));
        const body = new ReadableStream<Uint8Array>({
          start: (controller) => controller.enqueue(encode(told(1, "status"))),
        });
        return new Response(body);
      },
      onEvent: () => {
        heard += 1;
      },
      onFollowing: (following) => void (states.at(-1) !== following && states.push(following)),
      signal: new AbortController().signal,
    });
    await vi.waitFor(() => expect(heard).toBe(1));
    page.turn("hidden");
    await vi.waitFor(() => expect(open[0]?.aborted).toBe(true));
    await new Promise((resolve) => setTimeout(resolve));
    expect(open).toHaveLength(1);
    page.turn("visible");
    await done;
    expect(asked).toEqual(["", "1"]);
    expect(states).toEqual(["live", "ended"]);
    vi.unstubAllGlobals();
  });

  it("ends with the job", async () => {
    const { asked, numbers, states } = await follow([
      stream(told(1, "status"), told(2, "finished", "completed")),
    ]);
    expect(asked).toEqual([""]);
    expect(numbers).toEqual([1, 2]);
    expect(states).toEqual(["live", "ended"]);
  });

  it("goes on after the last whole event when the connection breaks", async () => {
    const cut = told(2, "progress");
    const { asked, numbers, states } = await follow([
      stream(`retry: 500\n\n${told(1, "status")}${cut.slice(0, 20)}`, null),
      stream(cut, told(3, "finished", "completed")),
    ]);
    expect(asked).toEqual(["", "1"]);
    expect(numbers).toEqual([1, 2, 3]);
    expect(states).toEqual(["live", "away", "live", "ended"]);
  });

  it("comes back without a word when the server closes the stream", async () => {
    const { asked, states } = await follow([
      stream(told(1, "status")),
      stream(told(2, "finished", "completed")),
    ]);
    expect(asked).toEqual(["", "1"]);
    expect(states).toEqual(["live", "ended"]);
  });

  it("waits as the server wants, and longer while it fails", async () => {
    const down = () => new Error("no connection");
    const { states, waits } = await follow([
      stream(`retry: 500\n\n${told(1, "status")}`),
      ...Array.from({ length: 7 }, down),
      stream(told(2, "finished", "completed")),
    ]);
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(states).toEqual(["live", "away", "live", "ended"]);
  });

  it("comes back to a server that is busy", async () => {
    const busy = new Response(JSON.stringify({ code: "busy", detail: "busy" }), { status: 503 });
    const { states } = await follow([busy, stream(told(1, "finished", "completed"))]);
    expect(states).toEqual(["away", "live", "ended"]);
  });

  it("does not come back where it is refused, and says why", async () => {
    const body = JSON.stringify({ code: "job-not-found", detail: "There is no such job" });
    const onFollowing = vi.fn();
    await follow([new Response(body, { status: 404 })], { onFollowing });
    expect(onFollowing).toHaveBeenCalledExactlyOnceWith(
      "refused",
      expect.objectContaining({ status: 404, message: "There is no such job" }),
    );
  });

  it("leaves a connection on which nothing comes", async () => {
    const silent = new Response(new ReadableStream());
    const { states } = await follow([silent, stream(told(1, "finished", "completed"))], {
      silenceMs: 20,
    });
    expect(states).toEqual(["away", "live", "ended"]);
  });

  it("stops when the reader leaves", async () => {
    const leaving = new AbortController();
    const onFollowing = vi.fn();
    const opened = stream(told(1, "status"));
    await follow([opened], {
      signal: leaving.signal,
      onEvent: () => leaving.abort(),
      onFollowing,
    });
    expect(onFollowing.mock.calls).toEqual([["live"]]);
  });

  it("tells nothing more once the reader has left", async () => {
    const leaving = new AbortController();
    const onEvent = vi.fn();
    const opened = stream(told(1, "status"), told(2, "status"));
    const onFollowing = () => leaving.abort();
    await follow([opened], { signal: leaving.signal, onEvent, onFollowing });
    expect(onEvent).not.toHaveBeenCalled();
  });
});
