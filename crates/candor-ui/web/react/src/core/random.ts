/** 32 random hex digits; `crypto.randomUUID` exists on pages served over HTTPS only. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
