/** What a refusal says of itself: problem details, or FastAPI's and Flask's forms. */
export async function reasonOf(response: Response): Promise<string> {
  try {
    const body = (await response.json()) as Record<string, unknown>;
    const reason = body["detail"] ?? body["message"] ?? body["error"] ?? body["title"];
    if (typeof reason === "string") return reason;
  } catch {
    // No JSON: the status has to do.
  }
  return `HTTP ${String(response.status)}`;
}
