/** One event of a stream of server-sent events. */
export interface ServerEvent {
  /** Its number, to go on from; empty if the stream has none. */
  id: string;
  /** Its kind; `message` unless the stream says otherwise. */
  event: string;
  data: string;
}

const LINE_END = /\r\n|\r|\n/;

/**
 * Takes a stream of server-sent events to pieces, however it is cut on its way.
 *
 * The browser's own `EventSource` cannot send headers, and so cannot log in where a host
 * application wants a token.
 */
export class EventReader {
  /** The number of the last event; a stream that breaks off goes on from it. */
  lastId = "";
  /** How long the server wants readers to wait before they come back [ms]. */
  retryMs: number | null = null;
  private rest = "";
  private id = "";
  private event = "";
  private data: string[] = [];

  /** Take what has arrived, and return the events that it completes. */
  take(text: string): ServerEvent[] {
    const arrived = this.rest + text;
    // The second half of a line's end may be still on its way.
    const held = arrived.endsWith("\r") ? 1 : 0;
    const lines = arrived.slice(0, arrived.length - held).split(LINE_END);
    this.rest = (lines.pop() ?? "") + arrived.slice(arrived.length - held);
    return lines.flatMap((line) => this.takeLine(line) ?? []);
  }

  /** Forget what was cut off: the stream begins anew, after the last whole event. */
  reopen(): void {
    this.rest = "";
    this.id = this.lastId;
    this.event = "";
    this.data = [];
  }

  private takeLine(line: string): ServerEvent | null {
    if (line === "") return this.complete();
    const [name = "", ...values] = line.split(":");
    const value = values.join(":").replace(/^ /, "");
    if (name === "data") this.data.push(value);
    else if (name === "event") this.event = value;
    else if (name === "id" && !value.includes("\0")) this.id = value;
    else if (name === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
    return null;
  }

  private complete(): ServerEvent | null {
    const { data, event, id } = this;
    this.lastId = id;
    this.data = [];
    this.event = "";
    return data.length > 0 ? { id, event: event || "message", data: data.join("\n") } : null;
  }
}

/**
 * Whether the page can be seen: in a tab behind others it keeps no stream open.
 *
 * A browser has six connections to a server of HTTP/1.1, for all tabs together: streams in six tabs
 * would leave none to ask for anything else.
 */
export class Sight {
  private readonly page: Document | null = typeof document === "undefined" ? null : document;

  /** Wait until it can be seen, or until that does not matter any more. */
  async seen(signal: AbortSignal): Promise<void> {
    while (this.hidden && !signal.aborted) await this.change(signal);
  }

  /** Return a signal that is given when it cannot be seen any more. */
  lost(signal: AbortSignal): AbortSignal {
    const lost = new AbortController();
    const look = () => this.hidden && lost.abort();
    this.page?.addEventListener("visibilitychange", look, { signal });
    look();
    return lost.signal;
  }

  private get hidden(): boolean {
    return this.page?.visibilityState === "hidden";
  }

  private change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.page?.addEventListener("visibilitychange", () => resolve(), { once: true, signal });
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }
}
