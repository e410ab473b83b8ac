"""Traces made by decorated functions, as applications make them, and read back with `get_trace`.

Runs twice: with the client's asynchronous batched export, and with `MLFLOW_ENABLE_ASYNC_TRACE_LOGGING`
off, where spans go out one by one before the trace's own record.
"""

import asyncio
import os

import mlflow
from mlflow import MlflowClient
from mlflow.entities import AssessmentError, AssessmentSource, Feedback, SpanEvent, SpanStatusCode, SpanType
from mlflow.tracing.constant import SpanAttributeKey


def run_async(rec):
    run_with(rec, "tracing_async", "true")


def run_sync(rec):
    run_with(rec, "tracing_sync", "false")


def run_with(rec, title, asynchronous):
    os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = asynchronous
    mlflow.tracing.reset()
    rec.section(title)
    mlflow.set_experiment(f"{title}-{rec.run}")
    rec.made = []
    for make in (
        functions, generators, exceptions, values, current_trace, active_assessments,
        manual_spans, imperative, chat_previews, token_usage, other_writers,
    ):
        make(rec)
    mlflow.flush_trace_async_logging(terminate=False)
    for name, trace_id in rec.made:
        rec.step(f"{name}.trace", lambda: mlflow.get_trace(trace_id))
    details(rec, dict(rec.made))
    listing(rec)


def traced(rec, name, call):
    """Runs `call`; what the server has of the trace it made is read when all are exported."""
    rec.step(f"{name}.call", call)
    rec.made.append((name, mlflow.get_last_active_trace_id()))


# --- functions ----------------------------------------------------------------------------------


@mlflow.trace(span_type=SpanType.RETRIEVER)
def retrieve(question, k=2):
    return [{"page_content": f"{question} {i}", "metadata": {"doc_uri": f"doc/{i}"}} for i in range(k)]


@mlflow.trace(name="generate", span_type=SpanType.LLM, attributes={"model": "m-1", "temperature": 0.5})
def answer(question, documents):
    return f"{len(documents)} documents say so"


@mlflow.trace(span_type=SpanType.CHAIN)
def ask(question, *more, flag=True, **options):
    return answer(question, retrieve(question, k=3))


@mlflow.trace
async def fetch(part):
    await asyncio.sleep(0.002 * part)
    return part * 10


@mlflow.trace(name="async root")
async def gather(parts):
    first = await fetch(1)
    second = await fetch(2)
    return {"parts": parts, "sum": first + second}


@mlflow.trace
def factorial(n):
    return 1 if n <= 1 else n * factorial(n - 1)


class Agent:
    @mlflow.trace(span_type=SpanType.AGENT)
    def act(self, goal):
        return self.tool(goal)

    @mlflow.trace(span_type="custom type")
    def tool(self, goal):
        return None


@mlflow.trace
def no_arguments():
    return None


def functions(rec):
    traced(rec, "nested", lambda: ask("why?", 1, 2.5, flag=False, limit={"a": [1, None]}))
    traced(rec, "coroutine", lambda: asyncio.run(gather([1, 2])))
    traced(rec, "recursion", lambda: factorial(4))
    traced(rec, "methods", lambda: Agent().act("win"))
    traced(rec, "no_arguments", no_arguments)
    traced(rec, "lambda", lambda: mlflow.trace(lambda x: x + 1, name="plus one")(41))


# --- generators ---------------------------------------------------------------------------------


@mlflow.trace
def stream(n):
    for i in range(n):
        yield f"token {i} "


@mlflow.trace(output_reducer=lambda parts: {"text": "".join(parts), "tokens": len(parts)})
def reduced(n):
    for i in range(n):
        yield chr(97 + i)


@mlflow.trace
async def astream(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i


@mlflow.trace
def outer_stream(n):
    yield from stream(n)


@mlflow.trace
def broken_stream():
    yield "first"
    raise ConnectionError("connection lost")


async def collect(source):
    return [item async for item in source]


def generators(rec):
    traced(rec, "generator", lambda: list(stream(3)))
    traced(rec, "generator_reduced", lambda: list(reduced(4)))
    traced(rec, "generator_empty", lambda: list(stream(0)))
    traced(rec, "generator_nested", lambda: list(outer_stream(2)))
    traced(rec, "generator_async", lambda: asyncio.run(collect(astream(3))))
    traced(rec, "generator_broken", lambda: list(broken_stream()))


# --- exceptions ---------------------------------------------------------------------------------


@mlflow.trace(span_type=SpanType.TOOL)
def fail(text):
    raise ValueError(text)


@mlflow.trace
def passes_on():
    return fail("kaboom")


@mlflow.trace
def recovers():
    try:
        fail("caught")
    except ValueError as error:
        return f"recovered from {error}"


@mlflow.trace
async def fail_async():
    raise KeyError("missing ü")


def exceptions(rec):
    traced(rec, "exception", lambda: fail("boom 'quoted' \"both\""))
    traced(rec, "exception_nested", passes_on)
    traced(rec, "exception_caught", recovers)
    traced(rec, "exception_async", lambda: asyncio.run(fail_async()))


# --- values -------------------------------------------------------------------------------------


@mlflow.trace
def echo(value):
    return value


VALUES = {
    "none": None,
    "true": True,
    "int": 5,
    "negative": -7,
    "int_beyond_double": 9007199254740993,
    "float_whole": 5.0,
    "float": 0.1,
    "float_tiny": 1e-300,
    "text": "grüße 日本 🎉\nline \"two\" \\ 'three' \u0000end",
    "text_empty": "",
    "text_json_object": '{"a": 1}',
    "text_json_list": "[1, 2]",
    "text_json_string": '"quoted"',
    "text_number": "5",
    "text_true": "true",
    "text_null": "null",
    "list": [1, 2.0, "x", None, True, [], {}],
    "dict": {"a": {"b": [1, {"c": None}]}, "": "empty key", "ключ": "значение"},
    "list_empty": [],
    "dict_empty": {},
    "tuple": (1, "a"),
    "long": "y" * 3000,
}


def values(rec):
    @mlflow.trace
    def all_values():
        for name, value in VALUES.items():
            with mlflow.start_span(name=name) as span:
                span.set_inputs({"value": value})
                span.set_outputs(value)
                span.set_attribute("attribute", value)

    traced(rec, "values", all_values)
    for name in ("text", "list", "text_json_object", "long"):
        traced(rec, f"value_{name}", lambda value=VALUES[name]: echo(value))


# --- the current trace --------------------------------------------------------------------------


def current_trace(rec):
    @mlflow.trace
    def everything(message):
        mlflow.update_current_trace(
            client_request_id="req-1",
            tags={"tier": "gold", "n": 5, "ü": "ß"},
            metadata={"release": "1.2", "n": 7},
            session_id="session-1",
            user="user-1",
            request_preview="the request",
            response_preview="the response",
        )
        return message

    @mlflow.trace
    def twice():
        mlflow.update_current_trace(tags={"a": "1", "b": "1"}, client_request_id="req-early")
        inner()
        mlflow.update_current_trace(tags={"b": "2"}, client_request_id="req-late", metadata={"m": "x"})

    @mlflow.trace
    def inner():
        mlflow.update_current_trace(tags={"from inner": "yes"})

    @mlflow.trace
    def state(value):
        mlflow.update_current_trace(state=value)

    @mlflow.trace
    def update(**changes):
        mlflow.update_current_trace(**changes)

    @mlflow.trace
    def reserved_keys():
        mlflow.update_current_trace(
            metadata={"mlflow.trace.session": "by metadata", "mlflow.trace.user": "by metadata"},
            tags={"mlflow.traceName": "renamed"},
        )

    @mlflow.trace
    def in_context():
        return "done"

    def with_context():
        with mlflow.tracing.context(
            metadata={"m": "ctx"}, tags={"t": "ctx"}, session_id="ctx session", user="ctx user"
        ):
            return in_context()

    traced(rec, "update_all", lambda: everything("hello"))
    traced(rec, "update_twice", twice)
    traced(rec, "update_state_error", lambda: state("ERROR"))
    traced(rec, "update_state_ok", lambda: state("OK"))
    traced(rec, "update_state_bad", lambda: state("IN_PROGRESS"))
    traced(rec, "update_long_metadata", lambda: update(metadata={"long": "m" * 300}))
    traced(rec, "update_long_tag", lambda: update(tags={"long": "t" * 5000}))
    traced(rec, "update_session_250", lambda: update(session_id="s" * 250))
    traced(rec, "update_session_251", lambda: update(session_id="s" * 251))
    traced(rec, "update_preview_type", lambda: update(request_preview={"a": 1}))
    traced(rec, "update_client_request_id_type", lambda: update(client_request_id=5))
    traced(rec, "update_session_type", lambda: update(session_id=5))
    traced(rec, "update_reserved_keys", reserved_keys)
    traced(rec, "context", with_context)
    rec.step("update_outside", lambda: mlflow.update_current_trace(tags={"a": "b"}))


def active_assessments(rec):
    human = AssessmentSource(source_type="HUMAN", source_id="user-1")

    @mlflow.trace
    def judged():
        span = mlflow.get_current_active_span()
        mlflow.log_feedback(trace_id=span.trace_id, name="inside", value=True, source=human, rationale="good")
        mlflow.log_feedback(trace_id=span.trace_id, name="span", value=4, span_id=span.span_id, metadata={"k": "v"})
        mlflow.log_feedback(trace_id=span.trace_id, name="failed", error=AssessmentError("JUDGE_DOWN", "no answer"))
        mlflow.log_expectation(trace_id=span.trace_id, name="expected", value={"answer": 42, "list": [1, 2]})
        mlflow.log_expectation(trace_id=span.trace_id, name="scalar", value="yes", source=human)
        return "judged"

    traced(rec, "active_assessments", judged)

    @mlflow.trace
    def overriding():
        trace_id = mlflow.get_current_active_span().trace_id
        mlflow.log_assessment(trace_id, Feedback(name="q", value="embedded", overrides=None))

    traced(rec, "active_log_assessment", overriding)


# --- spans by hand ------------------------------------------------------------------------------


def manual_spans(rec):
    def by_hand():
        with mlflow.start_span(name="root", span_type=SpanType.WORKFLOW, attributes={"a": 1}) as root:
            root.set_inputs({"q": "x"})
            root.add_event(SpanEvent("cache miss", attributes={"key": "k", "tries": 2}))
            with mlflow.start_span(name="child") as child:
                child.set_attributes({"b": 2.5, "c": [1, 2], "d": {"e": None}, "f": True})
                child.set_status(SpanStatusCode.OK)
            with mlflow.start_span(name="bad child") as child:
                child.set_status("ERROR")
            root.set_outputs([1, 2])
        return root.name

    def raised():
        with mlflow.start_span(name="with block"):
            raise RuntimeError("inside a block")

    def recorded_exception():
        with mlflow.start_span(name="noted") as span:
            span.record_exception("only noted")

    def untyped_children():
        with mlflow.start_span(name="same"), mlflow.start_span(name="same"), mlflow.start_span(name="same"):
            return "three"

    traced(rec, "by_hand", by_hand)
    traced(rec, "raised_in_block", raised)
    traced(rec, "recorded_exception", recorded_exception)
    traced(rec, "equal_names", untyped_children)


def imperative(rec):
    """Spans with times of our own, which must come back to the nanosecond."""
    start = 1_735_689_600_000_000_123

    def no_context():
        root = mlflow.start_span_no_context(
            "imperative", span_type=SpanType.AGENT, inputs={"i": 1}, tags={"t": "1"},
            metadata={"m": "1"}, start_time_ns=start,
        )
        child = mlflow.start_span_no_context("step", parent_span=root, start_time_ns=start + 1_000_001)
        child.end(outputs="o", end_time_ns=start + 2_000_002)
        root.end(outputs={"o": 1}, status="ERROR", end_time_ns=start + 1_500_000_000)

    def client_api():
        client = MlflowClient()
        root = client.start_trace("by client", inputs={"i": 1}, tags={"x": "y"}, start_time_ns=start)
        child = client.start_span("child", root.trace_id, root.span_id, span_type="TOOL", start_time_ns=start + 5)
        client.end_span(root.trace_id, child.span_id, outputs=[1], end_time_ns=start + 10)
        client.end_trace(root.trace_id, outputs={"o": 2}, end_time_ns=start + 2_000_000)

    def logged():
        mlflow.log_trace(
            name="logged", request={"q": 1}, response="r", attributes={"a": "b"}, tags={"t": "u"},
            start_time_ms=1_735_689_600_000, execution_time_ms=5129,
        )

    traced(rec, "no_context", no_context)
    traced(rec, "client_api", client_api)
    traced(rec, "log_trace", logged)


def chat_previews(rec):
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "no"},
        {"role": "user", "content": [{"type": "text", "text": "last user part"}]},
    ]

    @mlflow.trace(span_type=SpanType.CHAT_MODEL)
    def chat(messages):
        return {"choices": [{"message": {"role": "assistant", "content": "the reply"}}]}

    traced(rec, "chat_preview", lambda: chat(messages))


def token_usage(rec):
    def spend():
        with mlflow.start_span(name="spender") as root:
            for n in (10, 20):
                with mlflow.start_span(name="llm", span_type=SpanType.LLM) as span:
                    span.set_attribute(
                        SpanAttributeKey.CHAT_USAGE,
                        {"input_tokens": n, "output_tokens": 1, "total_tokens": n + 1},
                    )
            root.set_outputs("spent")

    traced(rec, "token_usage", spend)


def other_writers(rec):
    """A second experiment, by id."""
    rec.other = other = MlflowClient().create_experiment(f"{rec.title}-other-{rec.run}")

    def elsewhere():
        span = mlflow.start_span_no_context("elsewhere", experiment_id=other)
        span.end()

    traced(rec, "other_experiment", elsewhere)


def details(rec, made):
    """What one trace answers beyond `get_trace`."""
    judged = made["active_assessments"]
    rec.step(
        "active_assessments.get_each",
        lambda: [
            mlflow.get_assessment(judged, one.assessment_id)
            for one in sorted(mlflow.get_trace(judged).info.assessments, key=lambda a: a.name)
        ],
    )
    rec.step("token_usage.property", lambda: mlflow.get_trace(made["token_usage"]).info.token_usage)
    raw = ("mlflow.trace.spansLocation", "mlflow.artifactLocation")
    rec.step(
        "nested.server_tags",
        lambda: {k: v for k, v in mlflow.get_trace(made["nested"]).info.tags.items() if k in raw},
        keep=lambda tags: {"spans": tags.get(raw[0]), "artifacts": raw[1] in tags},
    )
    rec.step("nested.client_get_trace", lambda: MlflowClient().get_trace(made["nested"], display=False))
    rec.step("other_experiment.search", lambda: mlflow.search_traces(locations=[rec.other], return_type="list"))


def listing(rec):
    """All of the above together, as the two forms that `search_traces` gives."""
    here = MlflowClient().get_experiment_by_name(f"{rec.title}-{rec.run}").experiment_id
    rec.step(
        "search.names",
        lambda: [t.info.tags["mlflow.traceName"] for t in mlflow.search_traces(return_type="list", order_by=["timestamp ASC"])],
        keep=sorted,
    )
    rec.step("search.sessions", lambda: sorted(s.id for s in mlflow.search_sessions()))
    by_request = "attributes.client_request_id = 'req-1'"
    rec.step("search.by_client_request_id", lambda: MlflowClient().search_traces(locations=[here], filter_string=by_request))
    rec.step("search.by_client_request_id_pandas", lambda: mlflow.search_traces(filter_string=by_request))
    rec.step(
        "search.errors",
        lambda: sorted(t.info.tags["mlflow.traceName"] for t in mlflow.search_traces(filter_string="status = 'ERROR'", return_type="list")),
    )
    rec.step(
        "search.extract_fields",
        lambda: mlflow.search_traces(
            filter_string="name = 'ask'",
            extract_fields=["ask.inputs", "ask.inputs.question", "retrieve.outputs", "missing.inputs"],
        )[["ask.inputs", "ask.inputs.question", "retrieve.outputs", "missing.inputs"]],
    )
