import { FeedbackClient, type FeedbackClientOptions } from "candor-react/core";

const clients = new Map<string, FeedbackClient>();

/** One client, and so one queue, for all elements of the same person and server. */
export function clientFor(options: FeedbackClientOptions): FeedbackClient {
  const name = JSON.stringify([options.baseUrl, options.userId, options.sessionId]);
  const known = clients.get(name);
  if (known) return known;
  const client = new FeedbackClient(options);
  client.outbox.attach();
  clients.set(name, client);
  return client;
}
