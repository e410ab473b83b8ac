"""Records and spans of traces in either order, alone and again."""

import json

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Feedback, TraceState
from mlflow.tracing.client import TracingClient

from fixtures import START_MS, Traces, search, whole
from scenario_feedback import validity


def run(rec):
    rec.section("ingest")
    client = MlflowClient()
    traces = Traces(rec, client.create_experiment(f"ingest-{rec.run}"), 8)
    merges(rec, client, traces)
    spans_alone(rec, traces)
    records_alone(rec, client, traces)


def merges(rec, client, traces):
    """The record of a trace posted again, and before or after its spans."""

    def twice():
        n = 2
        traces.start(
            n,
            "first name",
            state=TraceState.IN_PROGRESS,
            tags={"a": "1", "b": "1"},
            trace_metadata={"m": "1", "n": "1"},
            request_preview="asked",
            client_request_id="c1",
            assessments=[Feedback(name="once", value=1, create_time_ms=START_MS)],
        )
        traces.start(
            n,
            "second name",
            state=TraceState.OK,
            tags={"b": "2"},
            trace_metadata={"n": "2"},
            execution_duration=77,
            response_preview="answered",
            client_request_id="c2",
        )
        return client.search_traces(
            locations=[traces.experiment_id],
            filter_string=f"request_id = '{traces.trace_id(n)}'",
            include_spans=False,
        )[0]

    rec.step("merge.record_twice", twice)

    def again_with_less():
        traces.start(
            8,
            "a name",
            execution_duration=77,
            client_request_id="c",
            request_preview="asked",
            response_preview="answered",
            state=TraceState.ERROR,
            tags={"a": "1"},
            trace_metadata={"mlflow.trace.session": "s"},
        )
        traces.start(8, None, at=1)
        return client.search_traces(
            locations=[traces.experiment_id],
            filter_string=f"request_id = '{traces.trace_id(8)}'",
            include_spans=False,
        )[0]

    rec.step("merge.record_again_with_less", again_with_less)

    def record_then_spans(n, **attributes):
        traces.start(
            n,
            "given",
            at=50_000,
            execution_duration=500,
            state=TraceState.OK,
            trace_metadata={"mlflow.trace.session": "given"},
            request_preview="given",
            tags={"mine": "1"},
        )
        traces.log(
            [
                traces.span(
                    n,
                    0,
                    "root",
                    lasts=9000,
                    status="ERROR",
                    mlflow__spanInputs='{"q": 1}',
                    mlflow__spanOutputs='"a"',
                    **attributes,
                )
            ]
        )
        return mlflow.get_trace(traces.trace_id(n))

    rec.step("merge.record_then_spans", lambda: record_then_spans(3, session__id='"of span"', user__id='"u"'))
    rec.step(
        "merge.record_then_plain_spans",
        lambda: record_then_spans(4).info,
        keep=lambda i: [i.request_time - START_MS, i.execution_duration, rec.norm.value(i.state)],
    )

    def spans_then_record():
        n = 5
        traces.log(
            [
                traces.span(
                    n,
                    0,
                    "root",
                    lasts=9000,
                    status="ERROR",
                    mlflow__spanInputs='{"q": 1}',
                    session__id='"of span"',
                )
            ]
        )
        traces.start(n, "given", at=50_000, execution_duration=500, client_request_id="late")
        return mlflow.get_trace(traces.trace_id(n))

    rec.step("merge.spans_then_record", spans_then_record)

    def moved():
        other = client.create_experiment(f"traces-moved-{rec.run}")
        whole(traces, 6, "moving")
        traces.start(6, "moving", experiment_id=other)
        return mlflow.get_trace(traces.trace_id(6))

    rec.step("merge.moved_to_other_experiment", moved)

    def embedded_twice():
        for _ in "ab":
            same = Feedback(name="same", value=1, create_time_ms=START_MS, last_update_time_ms=START_MS)
            traces.start(9, "embedded", assessments=[same])
        return len(
            client.search_traces(
                locations=[traces.experiment_id], filter_string="name = 'embedded'", include_spans=False
            )[0].info.assessments
        )

    rec.step("merge.embedded_twice", embedded_twice)

    def embedded_override():
        whole(traces, 10, "overriding")
        old = mlflow.log_feedback(trace_id=traces.trace_id(10), name="f", value="old")
        new = Feedback(name="f", value="new", overrides=old.assessment_id)
        traces.start(10, "overriding", assessments=[new])
        return validity(traces.trace_id(10))

    rec.step("merge.embedded_override", embedded_override)

    def span_again():
        traces.log([traces.span(7, 0, "root"), traces.span(7, 1, "before", parent=0)])
        traces.log([traces.span(7, 1, "after", parent=0, lasts=4, status="ERROR")])
        return [
            [s.name, rec.norm.value(s.status.status_code)]
            for s in mlflow.get_trace(traces.trace_id(7)).data.spans
        ]

    rec.step("merge.span_replaced", span_again)


def spans_alone(rec, traces):
    """Traces known by their spans only, as an OpenTelemetry exporter leaves them."""

    def only_spans(step_name, n, spans, keep=None):
        def log_and_get():
            traces.log(spans)
            return mlflow.get_trace(traces.trace_id(n))

        rec.step(f"spans.{step_name}", log_and_get, keep=keep)

    def tags_kept(trace):
        return rec.norm.keyed(trace.info.tags)

    usage = {"input_tokens": 100, "output_tokens": 1, "total_tokens": 101}
    chat = json.dumps({"messages": [{"role": "user", "content": "hi"}]})
    only_spans(
        "full",
        20,
        [
            traces.span(
                20,
                0,
                "root",
                lasts=1500,
                mlflow__traceTag__mlflow__traceName='"named by tag"',
                mlflow__traceTag__env='"prod"',
                mlflow__spanInputs=chat,
                mlflow__spanOutputs='"out"',
                session__id='"s-1"',
                user__id='"u-1"',
            ),
            traces.span(
                20,
                1,
                "llm",
                parent=0,
                at=10,
                lasts=100,
                mlflow__chat__tokenUsage=json.dumps(usage),
                mlflow__spanType='"LLM"',
            ),
            traces.span(
                20,
                2,
                "inner",
                parent=1,
                at=20,
                lasts=50,
                mlflow__chat__tokenUsage=json.dumps(usage | {"input_tokens": 60}),
            ),
            traces.span(
                20,
                3,
                "tool",
                parent=0,
                at=30,
                lasts=50,
                mlflow__chat__tokenUsage=json.dumps(usage | {"input_tokens": 7}),
            ),
        ],
    )
    only_spans(
        "nameless",
        21,
        [traces.span(21, 0, "the root"), traces.span(21, 1, "child", parent=0)],
        keep=tags_kept,
    )
    rec.step(
        "spans.nameless_found_by_name",
        lambda: [t.info.trace_id == traces.trace_id(21) for t in search(traces, "name = 'the root'")],
    )
    only_spans(
        "root_error", 22, [traces.span(22, 0, "r", status="ERROR", mlflow__traceTag__mlflow__traceName='"e"')]
    )
    only_spans(
        "root_unset", 23, [traces.span(23, 0, "r", status="UNSET", mlflow__traceTag__mlflow__traceName='"u"')]
    )
    only_spans(
        "no_root", 24, [traces.span(24, 1, "orphan", parent=0, mlflow__traceTag__mlflow__traceName='"o"')]
    )
    only_spans(
        "root_later",
        24,
        [traces.span(24, 0, "root", status="ERROR", lasts=30, mlflow__traceTag__mlflow__traceName='"r"')],
    )
    only_spans(
        "unended",
        25,
        [traces.span(25, 0, "r", lasts=None, mlflow__traceTag__mlflow__traceName='"n"')],
        keep=lambda t: {
            "duration": t.info.execution_duration,
            "end": t.data.spans[0].end_time_ns,
            "state": t.info.state,
        },
    )
    only_spans(
        "gen_ai",
        26,
        [
            traces.span(
                26,
                0,
                "chat gpt",
                mlflow__traceTag__mlflow__traceName='"g"',
                gen_ai__operation__name="chat",
                gen_ai__request__model="m-1",
                gen_ai__usage__input_tokens=11,
                gen_ai__usage__output_tokens=5,
                gen_ai__conversation__id="conv-1",
            )
        ],
        keep=lambda t: {
            "type": t.data.spans[0].span_type,
            "metadata": rec.norm.keyed(t.info.trace_metadata),
            "usage": t.info.token_usage,
        },
    )
    rec.step("spans.unknown_experiment", lambda: traces.log([traces.span(27, 0, "r")], "424242"))
    rec.step(
        "spans.session_251", lambda: traces.log([traces.span(28, 0, "r", session__id=json.dumps("s" * 251))])
    )
    rec.step("spans.links_and_events", lambda: links_and_events(traces))


def links_and_events(traces):
    span = traces.span(29, 0, "r", mlflow__traceTag__mlflow__traceName='"l"').to_dict()
    span["events"] = [
        {
            "name": "tick",
            "time_unix_nano": START_MS * 1_000_000 + 7,
            "attributes": {"a": 1, "b": "x", "c": [1, 2]},
        }
    ]
    span["links"] = [
        {"trace_id": traces.trace_id(20), "span_id": traces.span_id(20, 0), "attributes": {"why": "retry"}}
    ]
    traces.log([mlflow.entities.Span.from_dict(span)])
    return mlflow.get_trace(traces.trace_id(29))


def records_alone(rec, client, traces):
    """A trace whose spans never came."""
    trace_id = traces.trace_id(40)
    rec.step("record.start", lambda: traces.start(40, "alone", execution_duration=5, tags={"t": "u"}))
    rec.step(
        "record.spans_location", lambda: traces.start(41, "located").tags.get("mlflow.trace.spansLocation")
    )
    rec.step(
        "record.info",
        lambda: client.search_traces(
            locations=[traces.experiment_id], filter_string="name = 'alone'", include_spans=False
        )[0],
    )
    shape = lambda t: t and [t.info.tags["mlflow.traceName"], len(t.data.spans)]  # noqa: E731
    rec.step("record.get_trace", lambda: mlflow.get_trace(trace_id), keep=shape)
    rec.step("record.client_get_trace", lambda: client.get_trace(trace_id, display=False), keep=shape)
    rec.step(
        "record.batch", lambda: TracingClient().batch_get_traces([trace_id, traces.trace_id(10)]), keep=len
    )
    rec.step("record.search_with_spans", lambda: len(search(traces, "name = 'alone'", spans=True)))
    rec.step(
        "record.announces_spans",
        lambda: (
            traces.start(
                42, "announces", trace_metadata={"mlflow.trace.sizeStats": '{"num_spans": 2}'}
            ).trace_id
        ),
    )
    rec.step(
        "record.long_metadata",
        lambda: len(traces.start(43, "long", trace_metadata={"m": "x" * 300}).trace_metadata["m"]),
    )
    rec.step("record.long_tag", lambda: len(traces.start(44, "long", tags={"t": "x" * 5000}).tags["t"]))
    rec.step(
        "record.session_250",
        lambda: traces.start(45, "s", trace_metadata={"mlflow.trace.session": "s" * 250}).trace_id,
    )
    rec.step(
        "record.state_unspecified", lambda: traces.start(46, "s", state=TraceState.STATE_UNSPECIFIED).state
    )
    rec.step("record.unknown_experiment", lambda: traces.start(47, "x", experiment_id="424242"))
    rec.step("record.experiment_not_a_number", lambda: traces.start(47, "x", experiment_id="abc"))
    rec.step("record.judge", lambda: mlflow.log_feedback(trace_id=trace_id, name="late", value=True))
    rec.step(
        "record.artifact_location_tag",
        lambda: traces.start(48, "copied", tags={"mlflow.artifactLocation": "x:/y"}).tags["mlflow.traceName"],
    )
