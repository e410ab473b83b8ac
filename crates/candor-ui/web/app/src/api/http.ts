/** An answer that is no success, in the words of the server. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly code: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export type Parameters = Record<string, string | number | undefined>;

/** Calls the server and returns its JSON; `signal` gives up. */
export async function call<T>(
  method: "GET" | "POST" | "PATCH" | "DELETE",
  path: string,
  options: { query?: Parameters; body?: unknown; signal?: AbortSignal | undefined } = {},
): Promise<T> {
  const request: RequestInit = { method };
  if (options.signal) request.signal = options.signal;
  if (options.body !== undefined) {
    request.headers = { "Content-Type": "application/json" };
    request.body = JSON.stringify(options.body);
  }
  const response = await fetch(path + queryText(options.query), request);
  const text = await response.text();
  const json: unknown = text === "" ? {} : parse(text);
  if (!response.ok) throw errorOf(response.status, json, text);
  return json as T;
}

export function queryText(query: Parameters = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** Reads both forms of errors: problem details, and MLflow's envelope. */
function errorOf(status: number, json: unknown, text: string): ApiError {
  const body = json as { detail?: unknown; message?: unknown; code?: unknown; error_code?: unknown };
  const message = [body.detail, body.message].find((part) => typeof part === "string") as string | undefined;
  return new ApiError(message ?? (text.slice(0, 200) || `HTTP ${status}`), status, String(body.code ?? body.error_code ?? status));
}
