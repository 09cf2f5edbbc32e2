import { afterEach, describe, expect, it, vi } from "vitest";
import type { Connection } from "@/api/connection";
import { uploadArchive } from "@/api/upload";

type Answer = { status: number; response: unknown };

/** Stands for the browser's own, which tells how far an upload is. */
class FakeRequest {
  static made: FakeRequest[] = [];
  static answers: Answer[] = [];
  url = "";
  status = 0;
  response: unknown = null;
  responseType = "";
  form: FormData | null = null;
  headers: Record<string, string> = {};
  upload: { onprogress?: (event: { loaded: number; total: number }) => void } = {};
  onload?: () => void;
  onabort?: () => void;
  onerror?: () => void;

  constructor() {
    FakeRequest.made.push(this);
  }
  open(_method: string, url: string) {
    this.url = url;
  }
  setRequestHeader(name: string, value: string) {
    this.headers[name] = value;
  }
  abort() {
    this.onabort?.();
  }
  send(form: FormData) {
    this.form = form;
    const answer = FakeRequest.answers.shift();
    if (answer === undefined) return;
    this.upload.onprogress?.({ loaded: 1, total: 2 });
    Object.assign(this, answer);
    this.onload?.();
  }
}

function connection(more: Partial<Connection> = {}): Connection {
  return { baseUrl: "/api", headers: () => ({ "X-Who": "anna" }), ...more } as Connection;
}
const file = new File(["zip"], "a.zip.age");
const refusal = { status: 403, code: "step-up-required", detail: "Say your password again" };

function begin(...answers: Answer[]) {
  FakeRequest.made = [];
  FakeRequest.answers = answers;
  vi.stubGlobal("XMLHttpRequest", FakeRequest);
}
afterEach(() => vi.unstubAllGlobals());

describe("an upload", () => {
  it("asks for the password before anything is sent, where it would be refused", async () => {
    for (const [due, given, sent] of [
      [true, true, 1],
      [true, false, 0],
      [false, false, 1],
    ] as const) {
      begin({ status: 201, response: { kind: "upload" } });
      const stepUp = vi.fn(async () => {
        expect(FakeRequest.made).toEqual([]);
        return given;
      });
      const upload = uploadArchive(connection({ stepUp, isStepUpDue: async () => due }), file);
      if (sent) await upload;
      else await expect(upload).rejects.toMatchObject({ name: "AbortError" });
      expect(stepUp).toHaveBeenCalledTimes(due ? 1 : 0);
      expect(FakeRequest.made).toHaveLength(sent);
    }
  });

  it("says how it is to be restored, tells how far it is, and brings the offer", async () => {
    begin({ status: 201, response: { kind: "upload" } });
    const told: number[][] = [];
    const offer = await uploadArchive(connection(), file, {
      passphrase: "sea",
      choice: { create_safety_backup: false, sources: ["app", "photos"], paths: [] },
      onProgress: (...far) => told.push(far),
    });
    expect(offer).toEqual({ kind: "upload" });
    const [made] = FakeRequest.made;
    expect(made?.url).toBe("/api/restores?create_safety_backup=false&sources=app&sources=photos");
    expect(made?.headers).toEqual({ "X-Who": "anna" });
    expect(made?.form?.get("passphrase")).toBe("sea");
    expect(told).toEqual([[1, 2]]);
  });

  it("asks for the password again where the server wants it, once", async () => {
    begin({ status: 403, response: refusal }, { status: 201, response: { kind: "upload" } });
    const stepUp = vi.fn(async () => true);
    await uploadArchive(connection({ stepUp }), file);
    expect(stepUp).toHaveBeenCalledOnce();
    expect(FakeRequest.made).toHaveLength(2);
  });

  it("is refused with what the server says", async () => {
    begin({ status: 422, response: { status: 422, code: "archive-damaged", detail: "Damaged" } });
    await expect(uploadArchive(connection(), file)).rejects.toMatchObject({
      code: "archive-damaged",
      message: "Damaged",
    });
  });

  it("can be cancelled", async () => {
    begin();
    const abort = new AbortController();
    const sent = uploadArchive(connection(), file, { signal: abort.signal });
    abort.abort();
    await expect(sent).rejects.toMatchObject({ name: "AbortError" });
  });
});
