"""Turns what the client returns into JSON that two servers can be compared by.

Ids become placeholders in order of first appearance (`tr#1`, `a#2`, `sp#3`, `exp#1`), times near
the present become `<now>`, and what only says who ran the script, or where a server keeps its
files, is left out. Everything else stays, with its Python type: 5, 5.0, True and "5" all differ.
"""

import base64
import enum
import json
import math
import re
import time

DAY_MS = 86_400_000
TRACE_OR_ASSESSMENT_ID = re.compile(r"\b(?:tr|a)-[0-9a-f]{32}\b")

# Metadata and tags that depend on the user, the checkout or the server's disk.
DROPPED_KEYS = {
    "mlflow.user",
    "mlflow.artifactLocation",
    # The server of record omits this tag for a while, or for good: see the steps "spans_location.*".
    "mlflow.trace.spansLocation",
}
DROPPED_PREFIXES = ("mlflow.source.",)

SPAN_TIMES = {"start_time_unix_nano", "end_time_unix_nano", "time_unix_nano"}
RFC3339_TIMES = {"request_time", "create_time", "last_update_time"}


class Normaliser:
    """Keeps the placeholders of one run."""

    def __init__(self, run):
        self.run = run
        self.now_ms = time.time() * 1000
        self.forget()

    def forget(self):
        """Starts numbering anew, so that one lost id does not shift all later placeholders."""
        self.seen = {}
        self.counts = {}

    def placeholder(self, kind, value):
        if value is None or value == "":
            return value
        key = (kind, str(value))
        if key not in self.seen:
            self.counts[kind] = self.counts.get(kind, 0) + 1
            self.seen[key] = f"{kind}#{self.counts[kind]}"
        return self.seen[key]

    def trace_id(self, value):
        if not isinstance(value, str) or not value.startswith("tr-"):
            return self.text(value) if isinstance(value, str) else value
        return self.placeholder("tr", value)

    def experiment_id(self, value):
        return value if value in (None, "", "0") else self.placeholder("exp", value)

    def time_ms(self, value):
        if value is None:
            return None
        return "<now>" if abs(value - self.now_ms) < DAY_MS else value

    def time_ns(self, value):
        if value is None:
            return None
        return "<now>" if abs(int(value) / 1e6 - self.now_ms) < DAY_MS else value

    def text(self, value):
        def replace(match):
            kind = "tr" if match.group().startswith("tr-") else "a"
            return self.placeholder(kind, match.group())

        return TRACE_OR_ASSESSMENT_ID.sub(replace, value).replace(self.run, "<run>")

    # --- values -------------------------------------------------------------------------------

    def value(self, value):
        """Any value: entities by their class, the rest by its Python type."""
        if value is None or isinstance(value, (bool, int)) and not isinstance(value, enum.Enum):
            return value
        if isinstance(value, enum.Enum):
            return self.value(value.value)
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, float):
            return value if math.isfinite(value) else {"$float": repr(value)}
        if isinstance(value, dict):
            return {self.text(str(k)): self.value(v) for k, v in value.items()}
        entity = getattr(self, "entity_" + type(value).__name__, None)
        if entity is not None:
            return entity(value)
        if isinstance(value, tuple):
            return {"$tuple": [self.value(v) for v in value]}
        if isinstance(value, (list, set)):
            return [self.value(v) for v in value]
        raise TypeError(f"no normal form for {type(value)!r}")

    def entity_PagedList(self, value):
        return {"items": [self.value(v) for v in value], "token": bool(value.token)}

    def entity_Experiment(self, value):
        return {
            "experiment_id": self.experiment_id(value.experiment_id),
            "name": self.text(value.name),
            "lifecycle_stage": value.lifecycle_stage,
            "creation_time": self.time_ms(value.creation_time),
            "last_update_time": self.time_ms(value.last_update_time),
            "updated_after_creation": value.last_update_time > value.creation_time,
            "artifact_location": type(value.artifact_location).__name__,
            "tags": self.value(value.tags),
        }

    # --- traces -------------------------------------------------------------------------------

    def keyed(self, pairs):
        """Trace metadata or tags."""
        out = {}
        for key, value in (pairs or {}).items():
            if key in DROPPED_KEYS or key.startswith(DROPPED_PREFIXES):
                continue
            if key == "mlflow.trace.sizeBytes":
                value = "<number>" if value.isdigit() else value
            elif key == "mlflow.trace.sizeStats":
                value = {"num_spans": json.loads(value).get("num_spans")}
            elif key == "mlflow.sourceRun":
                value = "<run id>"
            out[self.text(key)] = self.value(value)
        return out

    def entity_TraceInfo(self, info):
        live = self.time_ms(info.request_time) == "<now>"
        location = info.trace_location
        duration = info.execution_duration
        return {
            "trace_id": self.trace_id(info.trace_id),
            "client_request_id": self.value(info.client_request_id),
            "location_type": self.value(location.type),
            "experiment_id": self.experiment_id(location.mlflow_experiment.experiment_id),
            "request_time": self.time_ms(info.request_time),
            "execution_duration": "<set>" if live and duration is not None else duration,
            "state": self.value(info.state),
            "request_preview": self.value(info.request_preview),
            "response_preview": self.value(info.response_preview),
            "metadata": self.keyed(info.trace_metadata),
            "tags": self.keyed(info.tags),
            "assessments": self.assessments(info.assessments),
        }

    def entity_Trace(self, trace):
        return {
            "info": self.value(trace.info),
            "spans": [self.value(span) for span in trace.data.spans],
        }

    def entity_Session(self, session):
        return {"id": session.id, "traces": [self.trace_id(t.info.trace_id) for t in session]}

    def entity_Span(self, span):
        return {
            "trace_id": self.trace_id(span.trace_id),
            "span_id": self.placeholder("sp", span.span_id),
            "parent_id": self.placeholder("sp", span.parent_id),
            "name": self.text(span.name),
            "span_type": self.value(span.span_type),
            "start_time_ns": self.time_ns(span.start_time_ns),
            "end_time_ns": self.time_ns(span.end_time_ns),
            "status": {
                "code": self.value(span.status.status_code),
                "description": self.value(span.status.description),
            },
            "inputs": self.value(span.inputs),
            "outputs": self.value(span.outputs),
            "attributes": self.attributes(span.attributes),
            "events": [self.value(event) for event in span.events],
            "links": [self.value(link) for link in span.links],
        }

    entity_LiveSpan = entity_Span

    def attributes(self, attributes):
        out = {}
        for key, value in (attributes or {}).items():
            if key == "mlflow.experimentId":
                value = self.experiment_id(value)
            elif key == "exception.stacktrace":
                value = "<stack trace>" if "Traceback" in str(value) else value
            out[key] = self.value(value)
        return out

    def entity_SpanEvent(self, event):
        return {
            "name": event.name,
            "timestamp": self.time_ns(event.timestamp),
            "attributes": self.attributes(event.attributes),
        }

    def entity_Link(self, link):
        return {
            "trace_id": self.trace_id(link.trace_id),
            "span_id": self.placeholder("sp", link.span_id),
            "attributes": self.value(link.attributes),
        }

    # --- assessments --------------------------------------------------------------------------

    def assessments(self, listed):
        """In a stable order: assessments of the present may share a millisecond."""

        def order(one):
            content = json.dumps(self.assessment(one, ids=False), sort_keys=True)
            live = self.time_ms(one.create_time_ms) == "<now>"
            return (live, 0 if live else one.create_time_ms, one.name, content)

        return [self.assessment(one) for one in sorted(listed, key=order)]

    def assessment(self, one, ids=True):
        kind = "feedback" if one.feedback is not None else "expectation"
        out = {
            "kind": kind,
            "name": self.text(one.name),
            "value": self.value(one.value),
            "source_type": self.value(one.source.source_type),
            "source_id": self.value(one.source.source_id),
            "rationale": self.value(one.rationale),
            "metadata": self.value(one.metadata),
            "run_id": self.value(one.run_id),
            "valid": one.valid,
            "create_time": self.time_ms(one.create_time_ms),
            "last_update_time": self.time_ms(one.last_update_time_ms),
            "updated_after_creation": one.last_update_time_ms > one.create_time_ms,
        }
        if kind == "feedback":
            out["error"] = self.value(one.feedback.error)
        if ids:
            out["assessment_id"] = self.placeholder("a", one.assessment_id)
            out["trace_id"] = self.trace_id(one.trace_id)
            out["span_id"] = self.placeholder("sp", one.span_id)
            out["overrides"] = self.placeholder("a", one.overrides)
        return out

    entity_Feedback = assessment
    entity_Expectation = assessment
    entity_Assessment = assessment

    def entity_AssessmentError(self, error):
        trace = error.stack_trace
        if trace and "Traceback" in trace:
            trace = "<stack trace>"
        return {
            "error_code": error.error_code,
            "error_message": self.value(error.error_message),
            "stack_trace": self.value(trace),
        }

    # --- data frames and wire-like dictionaries -----------------------------------------------

    def entity_DataFrame(self, frame):
        rows = frame.to_dict("records")
        return {
            "columns": list(frame.columns),
            "dtypes": [str(dtype) for dtype in frame.dtypes],
            "rows": [{key: self.cell(row, key) for key in frame.columns} for row in rows],
        }

    def cell(self, row, key):
        value = row[key]
        if key == "trace":
            return self.wire(json.loads(value))
        if key == "trace_id":
            return self.trace_id(value)
        if key == "request_time":
            return self.time_ms(value)
        if key == "execution_duration":
            live = self.time_ms(row["request_time"]) == "<now>"
            return "<set>" if live else self.value(value)
        if key in ("trace_metadata", "tags"):
            return self.keyed(value)
        if key in ("spans", "assessments"):
            return self.wire(value)
        return self.value(value)

    def wire(self, value):
        """Dictionaries in the client's JSON form of a trace, span or assessment."""
        if isinstance(value, list):
            return [self.wire(v) for v in value]
        if not isinstance(value, dict):
            return self.value(value)
        live = str(value.get("request_time", ""))[:4] >= "2026"
        out = {}
        for key, v in value.items():
            if key in ("trace_metadata", "tags"):
                out[key] = self.keyed(v)
            elif key == "attributes":
                out[key] = {k: self.json_text(k, t) for k, t in v.items()}
            elif key in ("trace_id", "span_id", "parent_span_id") and isinstance(v, str):
                out[key] = self.wire_id(key, v)
            elif key in ("assessment_id", "overrides"):
                out[key] = self.placeholder("a", v)
            elif key == "experiment_id":
                out[key] = self.experiment_id(v)
            elif key in SPAN_TIMES:
                out[key] = self.time_ns(v)
            elif key in RFC3339_TIMES:
                out[key] = "<now>" if v[:4] >= "2026" else v
            elif key == "execution_duration_ms":
                out[key] = "<set>" if live else v
            elif key == "stack_trace":
                out[key] = "<stack trace>" if "Traceback" in v else v
            else:
                out[key] = self.wire(v)
        return out

    def wire_id(self, key, value):
        if value.startswith("tr-") or value == "":
            return self.trace_id(value)
        if re.fullmatch(r"[0-9a-f]{16}", value):
            return self.placeholder("sp", value)
        raw = base64.b64decode(value).hex()
        return self.trace_id("tr-" + raw) if key == "trace_id" else self.placeholder("sp", raw)

    def json_text(self, key, value):
        if key == "exception.stacktrace":
            return "<stack trace>"
        if key == "mlflow.experimentId":
            return self.experiment_id(str(value).strip('"'))
        return self.value(value)
