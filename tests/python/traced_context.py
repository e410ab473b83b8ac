"""What a trace carries beside its functions: the current trace's fields, verdicts, spans made by hand."""

import mlflow
from mlflow import MlflowClient
from mlflow.entities import (
    AssessmentError,
    AssessmentSource,
    Feedback,
    SpanEvent,
    SpanStatusCode,
    SpanType,
)
from mlflow.tracing.constant import SpanAttributeKey

from fixtures import traced


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
        mlflow.log_feedback(
            trace_id=span.trace_id, name="span", value=4, span_id=span.span_id, metadata={"k": "v"}
        )
        mlflow.log_feedback(
            trace_id=span.trace_id, name="failed", error=AssessmentError("JUDGE_DOWN", "no answer")
        )
        mlflow.log_expectation(trace_id=span.trace_id, name="expected", value={"answer": 42, "list": [1, 2]})
        mlflow.log_expectation(trace_id=span.trace_id, name="scalar", value="yes", source=human)
        return "judged"

    traced(rec, "active_assessments", judged)

    @mlflow.trace
    def overriding():
        trace_id = mlflow.get_current_active_span().trace_id
        mlflow.log_assessment(trace_id, Feedback(name="q", value="embedded", overrides=None))

    traced(rec, "active_log_assessment", overriding)


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
            "imperative",
            span_type=SpanType.AGENT,
            inputs={"i": 1},
            tags={"t": "1"},
            metadata={"m": "1"},
            start_time_ns=start,
        )
        child = mlflow.start_span_no_context("step", parent_span=root, start_time_ns=start + 1_000_001)
        child.end(outputs="o", end_time_ns=start + 2_000_002)
        root.end(outputs={"o": 1}, status="ERROR", end_time_ns=start + 1_500_000_000)

    def client_api():
        client = MlflowClient()
        root = client.start_trace("by client", inputs={"i": 1}, tags={"x": "y"}, start_time_ns=start)
        child = client.start_span(
            "child", root.trace_id, root.span_id, span_type="TOOL", start_time_ns=start + 5
        )
        client.end_span(root.trace_id, child.span_id, outputs=[1], end_time_ns=start + 10)
        client.end_trace(root.trace_id, outputs={"o": 2}, end_time_ns=start + 2_000_000)

    def logged():
        mlflow.log_trace(
            name="logged",
            request={"q": 1},
            response="r",
            attributes={"a": "b"},
            tags={"t": "u"},
            start_time_ms=1_735_689_600_000,
            execution_time_ms=5129,
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
