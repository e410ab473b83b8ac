"""Traces made by decorated functions, as applications make them, and read back with `get_trace`.

Runs twice: with the client's asynchronous batched export, and with `MLFLOW_ENABLE_ASYNC_TRACE_LOGGING`
off, where spans go out one by one before the trace's own record.
"""

import os

import mlflow
from mlflow import MlflowClient

from traced_context import (
    active_assessments,
    chat_previews,
    current_trace,
    imperative,
    manual_spans,
    other_writers,
    token_usage,
)
from traced_functions import exceptions, functions, generators, values


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
        functions,
        generators,
        exceptions,
        values,
        current_trace,
        active_assessments,
        manual_spans,
        imperative,
        chat_previews,
        token_usage,
        other_writers,
    ):
        make(rec)
    mlflow.flush_trace_async_logging(terminate=False)
    for name, trace_id in rec.made:
        rec.step(f"{name}.trace", lambda: mlflow.get_trace(trace_id))
    details(rec, dict(rec.made))
    listing(rec)


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
    rec.step(
        "other_experiment.search", lambda: mlflow.search_traces(locations=[rec.other], return_type="list")
    )


def listing(rec):
    """All of the above together, as the two forms that `search_traces` gives."""
    here = MlflowClient().get_experiment_by_name(f"{rec.title}-{rec.run}").experiment_id
    rec.step(
        "search.names",
        lambda: [
            t.info.tags["mlflow.traceName"]
            for t in mlflow.search_traces(return_type="list", order_by=["timestamp ASC"])
        ],
        keep=sorted,
    )
    rec.step("search.sessions", lambda: sorted(s.id for s in mlflow.search_sessions()))
    by_request = "attributes.client_request_id = 'req-1'"
    rec.step(
        "search.by_client_request_id",
        lambda: MlflowClient().search_traces(locations=[here], filter_string=by_request),
    )
    rec.step("search.by_client_request_id_pandas", lambda: mlflow.search_traces(filter_string=by_request))
    rec.step(
        "search.errors",
        lambda: sorted(
            t.info.tags["mlflow.traceName"]
            for t in mlflow.search_traces(filter_string="status = 'ERROR'", return_type="list")
        ),
    )
    rec.step(
        "search.extract_fields",
        lambda: mlflow.search_traces(
            filter_string="name = 'ask'",
            extract_fields=["ask.inputs", "ask.inputs.question", "retrieve.outputs", "missing.inputs"],
        )[["ask.inputs", "ask.inputs.question", "retrieve.outputs", "missing.inputs"]],
    )
