"""Traces to work on: made by a call, or with ids, times and spans of our choosing, sent by the stock client's own transport."""

import mlflow
from mlflow.entities import Span, TraceInfo, TraceLocation, TraceState
from mlflow.tracing.client import TracingClient

# 2025-01-01T00:00:00Z, far enough from now to be told from a server's own clock.
START_MS = 1_735_689_600_000


def traced(rec, name, call):
    """Runs `call`; what the server has of the trace it made is read when all are exported."""
    rec.step(f"{name}.call", call)
    rec.made.append((name, mlflow.get_last_active_trace_id()))


def whole(traces, number, name, **fields):
    """A trace of two spans, and its record."""
    traces.log([traces.span(number, 0, "root"), traces.span(number, 1, "child", parent=0)])
    traces.start(number, name, **fields)
    return traces.trace_id(number)


def search(traces, text, spans=False):
    return mlflow.MlflowClient().search_traces(
        locations=[traces.experiment_id], filter_string=text, include_spans=spans
    )


class Traces:
    """Makes traces numbered from 1; their ids sort by number."""

    def __init__(self, rec, experiment_id, group):
        self.rec, self.experiment_id = rec, experiment_id
        self.prefix = rec.run + f"{group:04x}"
        self.client = TracingClient()

    def trace_id(self, number):
        return f"tr-{self.prefix}{number:016x}"

    def info(self, number, name=None, at=None, **fields):
        tags = dict(fields.pop("tags", {}))
        if name is not None:
            tags["mlflow.traceName"] = name
        location = fields.pop("experiment_id", self.experiment_id)
        return TraceInfo(
            trace_id=self.trace_id(number),
            trace_location=TraceLocation.from_experiment_id(location),
            request_time=START_MS + (number * 1000 if at is None else at),
            state=fields.pop("state", TraceState.OK),
            tags=tags,
            **fields,
        )

    def span(self, number, index, name, parent=None, at=0, lasts=1, status="OK", **attributes):
        """`at` and `lasts` are milliseconds; `parent` is another span's index."""
        trace_id = self.trace_id(number)
        start = (START_MS + number * 1000 + at) * 1_000_000 + index
        listed = {"mlflow.traceRequestId": f'"{trace_id}"'}
        for key, value in attributes.items():
            listed[key.replace("__", ".")] = value
        return Span.from_dict(
            {
                "trace_id": trace_id,
                "span_id": self.span_id(number, index),
                "parent_span_id": self.span_id(number, parent) if parent is not None else None,
                "name": name,
                "start_time_unix_nano": start,
                "end_time_unix_nano": None if lasts is None else start + lasts * 1_000_000,
                "status": {"code": status, "message": "went wrong" if status == "ERROR" else ""},
                "attributes": listed,
                "events": [],
            }
        )

    def span_id(self, number, index):
        return f"{number:012x}{index + 1:04x}"

    def start(self, number, name=None, at=None, **fields):
        """The trace's record alone, without spans."""
        return self.client.start_trace(self.info(number, name, at, **fields))

    def log(self, spans, experiment_id=None):
        return self.client.log_spans(experiment_id or self.experiment_id, spans)
