"""Writes traces with the stock client, or reads them, and prints what it reads as JSON."""

import argparse
import json
import sys

import mlflow
from mlflow.entities import AssessmentError, AssessmentSource, SpanType
from mlflow.tracing.client import TracingClient

HUMAN = AssessmentSource(source_type="HUMAN", source_id="ann é")
JUDGE = AssessmentSource(source_type="LLM_JUDGE", source_id="gpt-4")

VALUES = [
    True,
    False,
    5,
    4.5,
    -0.0,
    1e300,
    "",
    "yes",
    "5",
    "é😀\"\\\n\t'",
    ["a", "b", 1.5, None],
    {"b": {"a": "é"}, "": False},
    [],
    {},
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--uri", required=True)
    parser.add_argument("traces", nargs="*", help="what to read; what is written when none is named")
    arguments = parser.parse_args()
    mlflow.set_tracking_uri(arguments.uri)
    client = TracingClient(arguments.uri)
    traces = arguments.traces or [values(), tree(), failure(), many()]
    mlflow.flush_trace_async_logging()
    json.dump([described(client.get_trace(trace)) for trace in traces], sys.stdout)


def values():
    """A trace with every kind of assessment."""
    with mlflow.start_span("values", span_type=SpanType.CHAIN) as span:
        span.set_inputs({"question": "¿qué? 😀", "options": [1, 2.5, None, True]})
        span.set_outputs(["a", {"b": "é"}])
    trace = span.trace_id
    mlflow.flush_trace_async_logging()
    for number, value in enumerate(VALUES):
        mlflow.log_feedback(trace_id=trace, name=f"value {number}", value=value, source=HUMAN)
        if value is not None:
            mlflow.log_expectation(trace_id=trace, name=f"value {number}", value=value, source=HUMAN)
    error = AssessmentError(error_code="RATE_LIMIT", error_message="slow down 😀", stack_trace="line 1\nline 2")
    mlflow.log_feedback(trace_id=trace, name="failed", error=error, source=JUDGE)
    mlflow.log_feedback(
        trace_id=trace,
        name="long",
        value=0.25,
        rationale="я" * 50_000,
        metadata={"k": "v é", "empty": ""},
        span_id=span.span_id,
        source=JUDGE,
    )
    first = mlflow.log_feedback(trace_id=trace, name="changed", value=1.0, source=HUMAN)
    second = mlflow.override_feedback(
        trace_id=trace, assessment_id=first.assessment_id, value=2.0, rationale="on second thought", source=HUMAN
    )
    mlflow.update_assessment(
        trace_id=trace,
        assessment_id=second.assessment_id,
        assessment=mlflow.entities.Feedback(name="changed", value=3.0, rationale="third", metadata={"a": "b"}),
    )
    return trace


def tree():
    """A deep tree, and a trace of a session with a request id of its own."""

    def below(depth):
        with mlflow.start_span(f"level {depth}", span_type=SpanType.TOOL, attributes={"depth": depth}) as span:
            return span.trace_id if depth == 60 else below(depth + 1)

    with mlflow.start_span("root", span_type=SpanType.AGENT):
        mlflow.update_current_trace(
            tags={"env": "prod é"},
            metadata={"mlflow.trace.session": "s-1 é", "mlflow.trace.user": "ann"},
            client_request_id="req-é",
        )
        return below(1)


def failure():
    """A trace whose root fails."""
    trace = None
    try:
        with mlflow.start_span("fails", span_type="custom type") as span:
            trace = span.trace_id
            raise ValueError("kaboom 💥")
    except ValueError:
        return trace


def many():
    """A trace with many assessments."""
    with mlflow.start_span("many") as span:
        for number in range(1000):
            mlflow.log_feedback(
                trace_id=span.trace_id,
                name="user_feedback",
                value=number % 2 == 0,
                source=AssessmentSource(source_type="HUMAN", source_id=f"user-{number}"),
            )
    return span.trace_id


def described(trace):
    info = trace.info
    return {
        "trace_id": info.trace_id,
        "client_request_id": info.client_request_id,
        "experiment_id": info.experiment_id,
        "request_time_ms": info.request_time,
        "duration_ms": info.execution_duration,
        "state": info.state.value,
        "request_preview": info.request_preview,
        "response_preview": info.response_preview,
        "tags": info.tags,
        "metadata": info.trace_metadata,
        "assessments": sorted((assessment(one) for one in info.assessments), key=lambda one: one["id"]),
        "spans": sorted((described_span(span) for span in trace.data.spans), key=lambda span: span["span_id"]),
    }


def assessment(one):
    kind, value, error = "issue", None, None
    if one.feedback is not None:
        kind, value = "feedback", one.feedback.value
        if one.feedback.error is not None:
            error = one.feedback.error.to_dictionary()
    elif one.expectation is not None:
        kind, value = "expectation", one.expectation.value
    return {
        "id": one.assessment_id,
        "kind": kind,
        "name": one.name,
        "value": value,
        "error": error,
        "source_type": one.source.source_type,
        "source_id": one.source.source_id,
        "span_id": one.span_id,
        "rationale": one.rationale,
        # What MLflow has no place for travels in the metadata.
        "metadata": {k: v for k, v in (one.metadata or {}).items() if not k.startswith("candor.")},
        "create_time_ms": one.create_time_ms,
        "last_update_time_ms": one.last_update_time_ms,
        # The client reads neither of what is no feedback.
        "overrides": one.overrides if kind == "feedback" else None,
        "valid": one.valid if kind == "feedback" else None,
    }


def described_span(span):
    return {
        "span_id": span.span_id,
        "parent_id": span.parent_id,
        "name": span.name,
        "start_ns": span.start_time_ns,
        "end_ns": span.end_time_ns,
        "status": span.status.status_code.value,
        "message": span.status.description,
        "attributes": span.attributes,
        "events": [
            {"name": event.name, "time_ns": event.timestamp, "attributes": event.attributes} for event in span.events
        ],
    }


if __name__ == "__main__":
    main()
