// A frontend as its developer writes it: types generated from openapi.json, openapi-fetch, --strict.
// It buys, reads, lets go and is refused, against the service whose address is its one argument. What
// must not compile stands behind @ts-expect-error. The last line that it prints is "done".
import createClient from "openapi-fetch";
import type { components, operations, paths } from "./taquilla.js";

declare const process: { argv: string[] };

type Order = components["schemas"]["OrderAnswer"];
type ProblemOf<Answers> = {
  [Status in keyof Answers]: Answers[Status] extends {
    content: { "application/problem+json": infer Problem };
  }
    ? Problem
    : never;
}[keyof Answers];
type PlaceProblem = ProblemOf<operations["placeOrder"]["responses"]>;

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
  console.log(`ok  ${what}`);
}

function fresh(): string {
  return crypto.randomUUID();
}

/** Every code that placing an order may answer, and the members that only it has. */
function explain(problem: PlaceProblem): string {
  switch (problem.code) {
    case "sold-out":
      return problem.may_return ? `${problem.ticket_type} may come back` : "all gone";
    case "limit-exceeded":
      return `${problem.kind} of ${problem.ticket_type} is ${problem.limit.toFixed()}`;
    case "sale-closed":
      return problem.reason === "not_started" ? "come back later" : problem.reason;
    case "invalid":
      return problem.errors.map((each) => `${each.where}: ${each.message}`).join("; ");
    case "unavailable":
      return `try again: ${problem.reason}`;
    default:
      // @ts-expect-error: members of one code are not there for all
      void problem.may_return;
      return `${problem.status.toFixed()} ${problem.code}`;
  }
}

/** A status that the contract does not know would not compile here. */
function label(status: Order["status"]): string {
  const labels: Record<Order["status"], string> = {
    held: "on hold",
    paying: "being paid",
    confirmed: "yours",
    released: "let go",
    expired: "too late",
    cancelled: "cancelled",
  };
  return labels[status];
}

async function main(baseUrl: string): Promise<void> {
  const api = createClient<paths>({ baseUrl });
  const inDemo = { event_id: "demo" };

  const events = await api.GET("/v1/events", { params: { query: { limit: 1 } } });
  check(events.data?.items[0]?.id === "demo", "the demo is listed; query parameters are optional");
  const event = await api.GET("/v1/events/{event_id}", { params: { path: inDemo } });
  const general = event.data?.ticket_types.find((each) => each.id === "general");
  check(general?.price.amount === 0, "a ticket type says its price");
  check(general.on_sale_from === null, "what has no value is null, not absent");

  const email = `${fresh()}@example.com`;
  const body = { customer: { email }, lines: [{ ticket_type: "general", quantity: 2 }] };
  const key = fresh();
  const place = { params: { path: inDemo, header: { "Idempotency-Key": key } }, body };
  const placed = await api.POST("/v1/events/{event_id}/orders", place);
  check(placed.data !== undefined, "an order is placed, with `confirm` and `name` left out");
  check(label(placed.data.status) === "yours", "it is confirmed at once");
  const again = await api.POST("/v1/events/{event_id}/orders", place);
  check(again.data?.id === placed.data.id, "the same key answers the same");
  check(again.response.headers.get("Idempotency-Replayed") === "true", "and says so");

  const mine = {
    params: { path: { order_id: placed.data.id }, header: { "Order-Token": placed.data.token } },
  };
  const read = await api.GET("/v1/orders/{order_id}", mine);
  check(read.data?.lines[0]?.quantity === 2, "the order is read with its token");
  const total: number = read.data.total.amount;
  check(total === 0 && read.data.expires_at === null, "its total is a number");
  // @ts-expect-error: the token is in the answer to the placing alone
  void read.data.token;

  const hold = await api.POST("/v1/events/{event_id}/orders", {
    params: { path: inDemo, header: { "Idempotency-Key": fresh() } },
    body: { ...body, confirm: false },
  });
  check(hold.data?.status === "held" && hold.data.expires_at !== null, "a hold has a deadline");
  const held = {
    params: { path: { order_id: hold.data.id }, header: { "Order-Token": hold.data.token } },
  };
  const confirmed = await api.POST("/v1/orders/{order_id}/confirm", held);
  check(confirmed.data?.status === "confirmed", "a hold is confirmed");
  const released = await api.POST("/v1/orders/{order_id}/release", held);
  check(released.error?.code === "invalid-transition", "a confirmed order is not released");
  check(released.error.state === "confirmed", "and the problem says where it stands");
  const other = await api.POST("/v1/events/{event_id}/orders", {
    params: { path: inDemo, header: { "Idempotency-Key": fresh() } },
    body: { ...body, confirm: false },
  });
  check(other.data !== undefined, "another hold is placed");
  const letGo = await api.POST("/v1/orders/{order_id}/release", {
    params: { path: { order_id: other.data.id }, header: { "Order-Token": other.data.token } },
  });
  check(letGo.data !== undefined && label(letGo.data.status) === "let go", "a hold is released");

  const tooMany = await api.POST("/v1/events/{event_id}/orders", {
    params: { path: inDemo, header: { "Idempotency-Key": fresh() } },
    body: { ...body, lines: [{ ticket_type: "general", quantity: 11 }] },
  });
  check(tooMany.error?.code === "limit-exceeded", "a limit is told by its code");
  check(explain(tooMany.error) === "max_per_order of general is 10", "with its members");
  const nothing = await api.POST("/v1/events/{event_id}/orders", {
    params: { path: inDemo, header: { "Idempotency-Key": fresh() } },
    body: { ...body, lines: [] },
  });
  check(nothing.error?.code === "invalid", "what is not valid is told by its code");
  check(explain(nothing.error).startsWith("body.lines"), "with its places");
  const unknown = await api.GET("/v1/orders/{order_id}", {
    params: { path: { order_id: placed.data.id }, header: { "Order-Token": "x" } },
  });
  check(unknown.error?.code === "not-found", "a wrong token finds nothing");

  const left = await api.GET("/v1/events/{event_id}/availability", { params: { path: inDemo } });
  check(left.data !== undefined && Date.parse(left.data.as_of) > 0, "availability has a time");
  const stand = left.data.ticket_types.find((each) => each.id === "stand");
  check(stand?.status === "on_sale" && stand.remaining === 2000, "and says what is left");
  console.log("done");
}

/** Never called: that it compiles, errors and all, is the test. */
export async function mustNotCompile(): Promise<void> {
  const api = createClient<paths>({ baseUrl: "" });
  const path = { event_id: "demo" };
  const body = {
    customer: { email: "ana@example.com" },
    lines: [{ ticket_type: "general", quantity: 1 }],
  };
  // @ts-expect-error: Idempotency-Key is required
  await api.POST("/v1/events/{event_id}/orders", { params: { path }, body });
  // @ts-expect-error: Order-Token is required
  await api.GET("/v1/orders/{order_id}", { params: { path: { order_id: "x" } } });
  const header = { "Idempotency-Key": "x" };
  await api.POST("/v1/events/{event_id}/orders", {
    params: { path, header },
    // @ts-expect-error: an order has lines
    body: { customer: body.customer },
  });
  const answer = await api.GET("/v1/events/{event_id}", { params: { path } });
  // @ts-expect-error: reading an event cannot answer that
  void (answer.error?.code === "sold-out");
  // @ts-expect-error: no such status
  void (answer.data?.status === "open");
}

await main(process.argv[2] ?? "");
