import { describe, expect, it } from "vitest";
import { EventReader } from "@/api/eventStream";

const STREAM =
  'retry: 2000\n\nid: 7\nevent: status\ndata: {"at":"a"}\n\n: still there\n\nid: 9\ndata: x\n\n';
const EVENTS = [
  { id: "7", event: "status", data: '{"at":"a"}' },
  { id: "9", event: "message", data: "x" },
];

describe("a stream of server-sent events", () => {
  it("is read whole", () => {
    const reader = new EventReader();
    expect(reader.take(STREAM)).toEqual(EVENTS);
    expect(reader.lastId).toBe("9");
    expect(reader.retryMs).toBe(2000);
  });

  it.each(["\n", "\r\n", "\r"])("is read however it is cut, with lines ended by %j", (end) => {
    const text = STREAM.replaceAll("\n", end);
    for (let at = 0; at <= text.length; at += 1) {
      const reader = new EventReader();
      const events = [...reader.take(text.slice(0, at)), ...reader.take(text.slice(at))];
      // A lone CR may be half of CRLF, until more has come.
      expect([...events, ...reader.take(end)], `cut at ${at}`).toEqual(EVENTS);
    }
  });

  it("has the lines of its data as they were", () => {
    expect(new EventReader().take("data: a\ndata:  b\ndata\ndata:c: d\n\n")).toEqual([
      { id: "", event: "message", data: "a\n b\n\nc: d" },
    ]);
  });

  it("goes on after the last whole event", () => {
    const reader = new EventReader();
    reader.take("id: 1\ndata: a\n\nid: 2\nevent: warning\ndata: b\n");
    expect(reader.lastId).toBe("1");
    reader.reopen();
    expect(reader.take("id: 2\ndata: c\n\n")).toEqual([{ id: "2", event: "message", data: "c" }]);
  });
});
