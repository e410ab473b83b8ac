"""Order, limits, pages and forms of `search_traces`, over a small set and over 1,200 traces."""

import json

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Feedback, TraceState
from mlflow.tracing.client import TracingClient

from fixtures import START_MS, Traces

MANY = 1200


def run(rec):
    rec.section("search")
    client = MlflowClient()
    few = Traces(rec, client.create_experiment(f"search-{rec.run}"), 3)
    empty = client.create_experiment(f"search-empty-{rec.run}")
    prepare(few)
    order(rec, client, few)
    forms(rec, few, empty)
    limits(rec, client, few, empty)
    sessions(rec, few)
    many = Traces(rec, client.create_experiment(f"search-many-{rec.run}"), 4)
    fill(many)
    pages(rec, client, many)


def names(traces):
    return [t.info.tags.get("mlflow.traceName") for t in traces]


def prepare(traces):
    """Twelve traces: pairs share a timestamp, some have no duration, tag or session."""
    for n in range(1, 13):
        traces.log(
            [
                traces.span(n, 0, "root", lasts=n, mlflow__spanInputs=json.dumps({"n": n})),
                traces.span(n, 1, "step", parent=0),
            ]
        )
        metadata = {"mlflow.trace.session": f"chat-{n % 3}"} if n <= 6 else {}
        traces.start(
            n,
            f"s{n:02}",
            at=(n + 1) // 2 * 1000,
            tags={"rank": f"{n * 5 % 12:02}"} if n <= 8 else {},
            trace_metadata=metadata,
            client_request_id=f"c-{n}" if n % 2 else None,
            execution_duration=None if n in (4, 9) else (13 - n) * 10,
            state=(TraceState.OK, TraceState.ERROR, TraceState.IN_PROGRESS)[n % 3],
            assessments=[Feedback(name="score", value=n, create_time_ms=START_MS)] if n == 1 else [],
            request_preview=f"request {n}",
            response_preview="ü" if n == 2 else None,
        )


def order(rec, client, few):
    def by(step_name, *clauses):
        rec.step(
            f"order.{step_name}",
            lambda: names(
                client.search_traces(
                    locations=[few.experiment_id],
                    order_by=list(clauses),
                    include_spans=False,
                )
            ),
        )

    by("default")
    by("timestamp_asc", "timestamp ASC")
    by("timestamp_desc", "timestamp DESC")
    by("timestamp_bare", "timestamp")
    by("timestamp_ms", "timestamp_ms DESC")
    by("lower_case", "timestamp asc")
    by("attribute_prefix", "attributes.timestamp ASC")
    by("execution_time", "execution_time ASC")
    by("execution_time_desc", "execution_time DESC")
    by("status", "status ASC")
    by("request_id", "request_id DESC")
    by("name", "name DESC")
    by("experiment_id", "experiment_id ASC")
    by("tag", "tags.rank ASC")
    by("tag_desc", "tags.rank DESC")
    by("tag_back_quoted", "tags.`rank` ASC")
    by("tag_missing", "tags.nowhere ASC")
    by("session", "metadata.`mlflow.trace.session` ASC")
    by("run_id", "run_id ASC")
    by("two", "status ASC", "execution_time DESC")
    by("three", "metadata.mlflow.trace.session DESC", "status", "timestamp ASC")
    by("bad.client_request_id", "client_request_id ASC")
    by("bad.request_time", "request_time ASC")
    by("bad.feedback", "feedback.score DESC")
    by("bad.span", "span.name ASC")
    by("bad.unknown", "color")
    by("bad.direction", "timestamp UPWARDS")
    by("bad.two_keys", "timestamp ASC, name DESC")
    by("bad.empty", "")
    by("bad.end_time", "end_time DESC")
    by("bad.twice", "timestamp ASC", "timestamp DESC")


def forms(rec, few, empty):
    first = "timestamp <= " + str(START_MS + 1000)

    def search(step_name, keep=None, **arguments):
        arguments = {"filter_string": first} | arguments
        if not {"locations", "experiment_ids"} & set(arguments):
            arguments["locations"] = [few.experiment_id]
        rec.step(f"form.{step_name}", lambda: mlflow.search_traces(**arguments), keep=keep)

    search("list", return_type="list")
    search("list_without_spans", return_type="list", include_spans=False)
    search("pandas", return_type="pandas")
    search("pandas_without_spans", include_spans=False)
    search("pandas_empty", locations=[empty])
    search("list_empty", locations=[empty], return_type="list")
    search("pandas_default", keep=lambda f: [type(f).__name__, len(f)])
    search("experiment_ids", experiment_ids=[few.experiment_id], return_type="list", keep=names)
    search("two_experiments", locations=[few.experiment_id, empty], return_type="list", keep=names)
    search("other_return_type", return_type="dict")
    search(
        "extract",
        extract_fields=["root.inputs", "root.inputs.n", "step.outputs"],
        keep=lambda f: f[list(f.columns)[-3:]],
    )
    search("extract_for_list", extract_fields=["root.inputs"], return_type="list")
    mlflow.set_experiment(experiment_id=few.experiment_id)
    search("active_experiment", locations=None, return_type="list", keep=names)
    search(
        "all_spans",
        filter_string=None,
        return_type="list",
        keep=lambda ts: [[t.info.tags["mlflow.traceName"], len(t.data.spans)] for t in ts],
    )


def limits(rec, client, few, empty):
    def limit(step_name, **arguments):
        arguments = {"locations": [few.experiment_id], "include_spans": False} | arguments
        rec.step(
            f"limit.{step_name}",
            lambda: client.search_traces(**arguments),
            keep=lambda page: {"names": names(page), "token": bool(page.token)},
        )

    limit("one", max_results=1)
    limit("five", max_results=5)
    limit("five_with_spans", max_results=5, include_spans=True)
    limit("exactly_all", max_results=12)
    limit("more_than_all", max_results=13)
    limit("500", max_results=500)
    limit("501", max_results=501)
    limit("0", max_results=0)
    limit("negative", max_results=-1)
    # The client asks nothing for less than one; its transport does.
    store = TracingClient().store
    for count in (0, -1, 501):
        rec.step(
            f"limit.on_the_wire_{count}",
            lambda: store.search_traces(locations=[few.experiment_id], max_results=count)[0],
        )
    limit("text", max_results="5")
    limit("no_locations", locations=[])
    limit("none_locations", locations=None)
    limit("unknown_experiment", locations=["424242"])
    limit("unknown_and_known", locations=["424242", few.experiment_id], max_results=2)
    limit("experiment_not_a_number", locations=["abc"])
    limit("experiment_dotted", locations=["a.b"])
    limit("token_empty", page_token="", max_results=2)
    limit("token_garbage", page_token="garbage!")
    limit("token_not_base64_json", page_token="aGVsbG8=")
    limit("token_list", page_token="W10=")
    limit("token_of_nothing", locations=[empty], max_results=3)
    limit("run_unknown", run_id="0" * 32)
    limit("model_id", model_id="m-none")
    limit("model_id_and_filter", model_id="m-none", filter_string="name = 'x'")
    rec.step(
        "limit.fluent_three",
        lambda: names(mlflow.search_traces(locations=[few.experiment_id], max_results=3, return_type="list")),
    )
    rec.step(
        "limit.fluent_0",
        lambda: mlflow.search_traces(locations=[few.experiment_id], max_results=0, return_type="list"),
    )
    rec.step(
        "limit.fluent_string_location",
        lambda: mlflow.search_traces(locations=few.experiment_id, return_type="list"),
    )

    def walk():
        sizes, seen, token = [], [], None
        while True:
            page = client.search_traces(
                locations=[few.experiment_id],
                order_by=["tags.rank ASC"],
                max_results=4,
                page_token=token,
                include_spans=False,
            )
            sizes.append(len(page))
            seen += names(page)
            token = page.token
            if not token:
                return {"sizes": sizes, "names": seen}

    rec.step("limit.walk", walk)


def sessions(rec, few):
    def search(step_name, **arguments):
        rec.step(
            f"sessions.{step_name}",
            lambda: mlflow.search_sessions(locations=[few.experiment_id], **arguments),
        )

    search("all")
    search("without_spans", include_spans=False)
    search("first", max_results=1)
    search("none", model_id="m-none")


def fill(traces):
    """One export carries 1,200 traces of one span each; every third shares its neighbour's time."""
    for batch in range(0, MANY, 400):
        traces.log(
            [
                traces.span(
                    n,
                    0,
                    f"span {n % 7}",
                    at=-1000 if n % 3 == 0 else 0,
                    lasts=n % 50,
                    status="ERROR" if n % 10 == 0 else "OK",
                    mlflow__spanInputs=json.dumps({"question": f"number {n}"}),
                    mlflow__traceTag__mlflow__traceName=json.dumps(f"m{n:04}"),
                    mlflow__traceTag__bucket=json.dumps(str(n % 4)),
                )
                for n in range(batch + 1, batch + 401)
            ]
        )


def pages(rec, client, many):
    here = [many.experiment_id]

    def runs(listed):
        """A long list of names, shortened without loss: how many, the first, and each step."""
        numbers = [int(name[1:]) for name in listed]
        steps = [b - a for a, b in zip(numbers, numbers[1:])]
        shape = "".join({-1: "-", 1: "+", -2: "=", 2: "#"}.get(step, f"({step})") for step in steps)
        return {"count": len(numbers), "distinct": len(set(numbers)), "first": numbers[:1], "steps": shape}

    def fluent(step_name, **arguments):
        rec.step(
            f"many.{step_name}",
            lambda: mlflow.search_traces(locations=here, return_type="list", **arguments),
            keep=lambda listed: runs(names(listed)) | {"spans": sum(len(t.data.spans) for t in listed)},
        )

    fluent("all_with_spans")
    fluent("all_without_spans", include_spans=False)
    fluent("ascending", include_spans=False, order_by=["timestamp ASC"])
    fluent("250_of_them", max_results=250, include_spans=False)
    fluent("errors", filter_string="status = 'ERROR'", include_spans=False)
    fluent("bucket", filter_string="tags.bucket = '3'", include_spans=False, order_by=["name ASC"])
    rec.step(
        "many.pandas",
        lambda: mlflow.search_traces(
            locations=here, include_spans=False, filter_string="span.name = 'span 3'"
        ),
        keep=lambda frame: {
            "columns": list(frame.columns),
            "rows": len(frame),
            "distinct": frame["trace_id"].nunique(),
        },
    )

    def walk(size, **arguments):
        listed, sizes, token = [], [], None
        while len(sizes) < 100:
            page = client.search_traces(
                locations=here, max_results=size, page_token=token, include_spans=False, **arguments
            )
            sizes.append(len(page))
            listed += names(page)
            token = page.token
            if not token:
                break
        return runs(listed) | {"sizes": sizes}

    rec.step("many.pages_of_500", lambda: walk(500))
    rec.step("many.pages_of_70", lambda: walk(70))
    rec.step("many.pages_by_execution_time", lambda: walk(333, order_by=["execution_time DESC"]))
    rec.step(
        "many.pages_filtered", lambda: walk(100, filter_string="span.status = 'OK' AND tags.bucket != '2'")
    )

    def same_page_twice():
        first = client.search_traces(locations=here, max_results=10, include_spans=False)
        again = [
            client.search_traces(locations=here, max_results=10, page_token=first.token, include_spans=False)
            for _ in "ab"
        ]
        return [names(first)[-1], names(again[0]), names(again[0]) == names(again[1])]

    rec.step("many.token_is_reusable", same_page_twice)
