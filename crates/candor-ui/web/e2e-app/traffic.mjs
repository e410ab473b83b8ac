// Some days of plausible traffic: an assistant for a shop's customers, whose prompt got worse on the last days.
//
//   node e2e-app/traffic.mjs http://127.0.0.1:5000 [traces]

const TOPICS = [
  ["How do I return a parcel?", "Print the label from **Orders → Return**, then drop the parcel at any pick-up point.\n\n1. Open the order\n2. Choose *Return*\n3. Print the label\n\nRefunds arrive within 5 working days."],
  ["Where is my order #48213?", "It left the warehouse this morning and arrives **tomorrow between 9 and 12**. You can follow it under *Orders*."],
  ["Can I change the delivery address after ordering?", "Yes, as long as the parcel has not been packed. Open the order and choose **Change address**."],
  ["Do you ship to Norway?", "We ship to Norway. Delivery takes 4–6 days and costs €9.90; duties are included in the price."],
  ["The zip on my jacket broke after two weeks", "I am sorry about that. Zips are covered by our two-year guarantee: send a picture and we will repair or replace the jacket."],
  ["Which size should I take at 182 cm and 80 kg?", "| Fit | Size |\n|---|---|\n| slim | M |\n| regular | L |\n\nMost customers of your height choose **L**."],
  ["How do I delete my account?", "Under *Profile → Privacy* choose **Delete account**. Open orders are finished first."],
  ["Can I pay by invoice?", "Invoices are offered for orders from €20 up to €500 in Germany, Austria and Switzerland."],
  ["What is your phone number?", "You reach us at +49 30 1234567, Monday to Friday from 8 to 18."],
  ["Is the rain coat really waterproof?", "It withstands a water column of 20 000 mm, which is more than a day of heavy rain. The seams are taped."],
];
const UNHAPPY = ["It answered another question.", "The link leads nowhere.", "Outdated: invoices are no longer offered.", "Way too long, I only wanted the number.", "It made the policy up.", "Did not understand my question about duties."];
const HAPPY = ["Just what I needed.", "Quick and right, thank you!", "Clear steps."];
const REASONS = ["incorrect", "incomplete", "irrelevant", "too long"];
const USERS = Array.from({ length: 40 }, (_, index) => `user-${String(index + 1).padStart(3, "0")}`);

export async function fill(url, count = 1200, days = 7) {
  const now = Date.now();
  const random = generator(20260101);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const experiment = await experimentNamed(url, "shop-assistant");
  const traces = Array.from({ length: count }, () => {
    const age = random() ** 1.15 * days;
    const isLate = age < 2;
    const prompt = isLate ? "7" : "6";
    const model = random() < 0.6 ? "mistral-small" : "gpt-4o-mini";
    const channel = random() < 0.4 ? "mobile" : "web";
    const [question, answer] = pick(TOPICS);
    const badness = (isLate && model === "mistral-small" ? 0.62 : 0.13) + (channel === "mobile" ? 0.06 : 0);
    return { id: hex(random, 32), at: now - age * 86_400_000, isFailed: random() < 0.02, prompt, model, channel, question, answer,
      user: pick(USERS), ms: 300 + random() ** 3 * 4000, isBad: random() < badness, isJudged: random() < 0.34, roll: [random(), random(), random(), random()] };
  });
  await inParallel(12, chunks(traces, 50), (part) => post(`${url}/v1/traces`, otlp(part, random), { "x-mlflow-experiment-id": experiment }));
  await inParallel(16, traces, (trace) => post(`${url}/api/3.0/mlflow/traces`, info(trace, experiment)));
  await inParallel(4, chunks(traces.filter((trace) => trace.isJudged), 100), (part) =>
    post(`${url}/api/v1/feedback:batch`, { items: part.flatMap((trace) => verdicts(trace, pick)) }));
  const early = ["req-early-1", "chat-4711"].map((client_request_id, index) => ({ client_request_id, name: "user_feedback", value: index === 0, rationale: index === 0 ? "faster than the trace" : "no answer came", source: { id: pick(USERS) } }));
  await post(`${url}/api/v1/feedback:batch`, { items: early });
  return { experiment, traces };
}

function info(trace, experiment) {
  return { trace: { trace_info: {
    trace_id: `tr-${trace.id}`, client_request_id: `req-${trace.id.slice(0, 8)}`,
    trace_location: { type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: experiment } },
    request_time: new Date(trace.at).toISOString(), execution_duration: `${(trace.ms / 1000).toFixed(3)}s`, state: trace.isFailed ? "ERROR" : "OK",
    request_preview: JSON.stringify({ message: trace.question }), ...(trace.isFailed ? {} : { response_preview: trace.answer }),
    trace_metadata: { "mlflow.trace.user": trace.user, "mlflow.trace.session": `s-${trace.user}-${Math.floor(trace.at / 86_400_000)}` },
    tags: { channel: trace.channel, "prompt.version": trace.prompt, "mlflow.traceName": "answer" },
  } } };
}

function otlp(traces, random) {
  return { resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ spans: traces.flatMap((trace) => spans(trace, random)) }] }] };
}

function spans(trace, random) {
  const start = BigInt(Math.round(trace.at)) * 1_000_000n;
  const root = hex(random, 16);
  const at = (part) => String(start + BigInt(Math.round(trace.ms * part * 1e6)));
  const json = (key, value) => ({ key, value: { stringValue: JSON.stringify(value) } });
  const span = (name, type, from, to, inputs, outputs, more = []) => ({
    traceId: trace.id, spanId: hex(random, 16), parentSpanId: root, name, kind: 1, startTimeUnixNano: at(from), endTimeUnixNano: at(to),
    attributes: [json("mlflow.spanType", type), json("mlflow.spanInputs", inputs), ...(outputs === undefined ? [] : [json("mlflow.spanOutputs", outputs)]), ...more] });
  const messages = [{ role: "system", content: "You help the customers of a shop. Be brief and right." }, { role: "user", content: trace.question }];
  const text = (key, value) => ({ key, value: { stringValue: value } });
  const model = span("respond", "CHAT_MODEL", 0.3, 0.97, { messages, temperature: 0.2 }, trace.isFailed ? undefined : { choices: [{ message: { role: "assistant", content: trace.answer } }] },
    [text("gen_ai.request.model", trace.model), text("gen_ai.operation.name", "chat"), { key: "gen_ai.usage.output_tokens", value: { intValue: String(40 + trace.answer.length) } }]);
  if (trace.isFailed) {
    model.status = { code: 2, message: "the model did not answer within 4 s" };
    model.events = [{ name: "exception", timeUnixNano: at(0.97), attributes: [text("exception.type", "TimeoutError"), text("exception.message", "the model did not answer within 4 s")] }];
  }
  const documents = [1, 2, 3].map((index) => ({ page_content: `Article ${index} about “${trace.question}”`, metadata: { doc_uri: `help/${index}` } }));
  return [
    { ...span("answer", "CHAIN", 0, 1, { message: trace.question }, trace.isFailed ? undefined : trace.answer), spanId: root, parentSpanId: "", ...(trace.isFailed ? { status: { code: 2, message: "no answer" } } : {}) },
    span("retrieve", "RETRIEVER", 0.02, 0.26, { query: trace.question }, documents),
    span("rerank", "RERANKER", 0.26, 0.3, { documents: 3 }, [2, 0, 1]),
    model,
  ];
}

function verdicts(trace, pick) {
  const [a, b, c, d] = trace.roll;
  const create_time = new Date(Math.min(Date.now(), trace.at + 20_000 + a * 600_000)).toISOString();
  const shared = { trace_id: `tr-${trace.id}`, source: { id: trace.user }, create_time };
  const isGood = !trace.isBad;
  const rationale = b < (isGood ? 0.12 : 0.5) ? pick(isGood ? HAPPY : UNHAPPY) : undefined;
  const items = [{ ...shared, name: "user_feedback", value: isGood, rationale }];
  if (!isGood && c < 0.7) items.push({ ...shared, name: "user_issue", value: [pick(REASONS)] });
  if (d < 0.3) {
    for (const [index, name] of ["user_accuracy", "user_helpfulness", "user_relevance"].entries()) {
      items.push({ ...shared, name, value: Math.max(1, Math.min(5, Math.round((isGood ? 4.4 : 2.1) + (trace.roll[index] - 0.5) * 3))) / 5 });
    }
  }
  if (a < 0.25) items.push({ ...shared, source: { type: "LLM_JUDGE", id: "judge/groundedness" }, name: "groundedness", value: isGood ? 0.9 : 0.35, rationale: isGood ? "Every sentence is in the articles." : "The second sentence is in none of the articles." });
  return items;
}

async function experimentNamed(url, name) {
  const response = await fetch(`${url}/api/2.0/mlflow/experiments/create`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ name }) });
  return (await response.json()).experiment_id;
}

async function post(url, body, headers = {}) {
  const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json().catch(() => ({}));
}

async function inParallel(width, items, work) {
  const left = items.values();
  await Promise.all(Array.from({ length: width }, async () => { for (const item of left) await work(item); }));
}

function chunks(items, size) {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}

function hex(random, length) {
  return Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join("").replace(/^0+$/, "1".repeat(length));
}

/** Mulberry32: the same traffic every time. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { traces } = await fill(process.argv[2], Number(process.argv[3] ?? 1200));
  process.stdout.write(`${traces.length} traces\n`);
}
