/** An Idempotency-Key that nobody has used before. */

export function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(20)); // randomUUID is not there on plain http
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
