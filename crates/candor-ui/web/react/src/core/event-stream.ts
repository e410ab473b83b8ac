/** One event of a `text/event-stream`. */
export interface ServerSentEvent {
  data: string;
  event: string;
  /** The last id that was seen up to this event. */
  id: string;
}

/** Reads Server-Sent Events from bytes that may be cut anywhere, also inside of a character or of a line end. */
export class EventStreamParser {
  readonly #decoder = new TextDecoder();
  #buffer = "";
  #data: string[] = [];
  #event = "";
  #id = "";

  /** Takes the next bytes and returns the events they complete. */
  push(bytes: Uint8Array): ServerSentEvent[] {
    this.#buffer += this.#decoder.decode(bytes, { stream: true });
    const events: ServerSentEvent[] = [];
    for (;;) {
      const end = this.#buffer.search(/[\r\n]/);
      // A carriage return at the very end may be half of a line end.
      if (end < 0 || (this.#buffer[end] === "\r" && end === this.#buffer.length - 1)) return events;
      const line = this.#buffer.slice(0, end);
      this.#buffer = this.#buffer.slice(this.#buffer.startsWith("\r\n", end) ? end + 2 : end + 1);
      const event = this.#take(line);
      if (event) events.push(event);
    }
  }

  #take(line: string): ServerSentEvent | null {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#event = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    return null;
  }

  #dispatch(): ServerSentEvent | null {
    const event = { data: this.#data.join("\n"), event: this.#event || "message", id: this.#id };
    const isEmpty = this.#data.length === 0;
    this.#data = [];
    this.#event = "";
    return isEmpty ? null : event;
  }
}
