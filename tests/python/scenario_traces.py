"""A trace's own life: tags, reads, links, deletion, and deleted experiments."""

import mlflow
from mlflow import MlflowClient
from mlflow.tracing.client import TracingClient

from fixtures import START_MS, Traces, search, whole
from scenario_feedback import MISSING, MISSING_TRACE


def run(rec):
    rec.section("traces")
    client = MlflowClient()
    traces = Traces(rec, client.create_experiment(f"traces-{rec.run}"), 5)
    mlflow.set_experiment(experiment_id=traces.experiment_id)
    tags(rec, client, traces)
    reads(rec, client, traces)
    links(rec, client, traces)
    deletion(rec, client, Traces(rec, client.create_experiment(f"traces-deletion-{rec.run}"), 6))
    deleted_experiment(rec, client, Traces(rec, client.create_experiment(f"traces-gone-{rec.run}"), 7))


def tags(rec, client, traces):
    whole(traces, 20, "other")
    trace_id = whole(traces, 1, "tagged", tags={"old": "1"})

    def put(step_name, key, value, trace=trace_id):
        rec.step(f"tag.{step_name}", lambda: mlflow.set_trace_tag(trace, key, value))

    def drop(step_name, key, trace=trace_id):
        rec.step(f"tag.{step_name}", lambda: mlflow.delete_trace_tag(trace, key))

    def now():
        return mlflow.get_trace(trace_id).info.tags

    put("set", "new", "v")
    put("overwrite", "old", "2")
    put("number", "n", 5)
    put("empty_value", "empty", "")
    put("unicode", "größe", "🎉 ü")
    put("odd_key", "a b/c.d-e_f:g", "v")
    put("rename", "mlflow.traceName", "renamed")
    put("key_250", "k" * 250, "v")
    put("value_4096", "long4096", "x" * 4096)
    put("value_5000", "long5000", "x" * 5000)
    put("value_9000", "long9000", "x" * 9000)
    rec.step(
        "tag.all", now, keep=lambda found: rec.norm.keyed({k: v for k, v in found.items() if "long" not in k})
    )
    rec.step("tag.lengths", lambda: {k: len(v) for k, v in now().items() if "long" in k})
    rec.step("tag.client_set", lambda: client.set_trace_tag(trace_id, "by client", "1"))
    drop("delete", "new")
    drop("delete_missing", "new")
    rec.step("tag.client_delete", lambda: client.delete_trace_tag(trace_id, "by client"))
    put("bad_key", "a!b", "v")
    put("path_key", "../x", "v")
    put("slash_key", "/x", "v")
    put("dot_key", ".", "v")
    put("double_slash_key", "a//b", "v")
    put("empty_key", "", "v")
    put("key_251", "k" * 251, "v")
    put("reserved_by_client", "mlflow.artifactLocation", "x")
    rec.step(
        "tag.reserved_spans",
        lambda: TracingClient().store.set_trace_tag(trace_id, "mlflow.trace.spansLocation", "x"),
    )
    rec.step(
        "tag.reserved_spans_delete",
        lambda: TracingClient().store.delete_trace_tag(trace_id, "mlflow.trace.spansLocation"),
    )
    rec.step(
        "tag.reserved_archive",
        lambda: TracingClient().store.set_trace_tag(trace_id, "mlflow.trace.archiveLocation", "x"),
    )
    put("unknown_trace", "k", "v", MISSING_TRACE)
    put("unknown_trace_name", "mlflow.traceName", "v", MISSING_TRACE)
    drop("delete_unknown_trace", "k", MISSING_TRACE)
    drop("delete_empty_key", "")
    rec.step(
        "tag.found",
        lambda: [
            t.info.tags["mlflow.traceName"] for t in search(traces, "name = 'renamed' AND tags.old = '2'")
        ],
    )


def reads(rec, client, traces):
    rec.step("get.missing", lambda: mlflow.get_trace(MISSING_TRACE))
    rec.step("get.missing_silent", lambda: mlflow.get_trace(MISSING_TRACE, silent=True))
    rec.step("get.missing_by_client", lambda: client.get_trace(MISSING_TRACE, display=False))
    rec.step("get.malformed_by_client", lambda: client.get_trace("tr-nope", display=False))
    rec.step("get.store_missing", lambda: TracingClient().store.get_trace(MISSING_TRACE))
    ids = [traces.trace_id(1), MISSING_TRACE, traces.trace_id(20), traces.trace_id(1)]
    rec.step(
        "batch.traces",
        lambda: TracingClient().store.batch_get_traces(ids),
        keep=lambda found: [[t.info.trace_id, len(t.data.spans)] for t in found],
    )
    rec.step(
        "batch.infos",
        lambda: TracingClient().store.batch_get_trace_infos(ids),
        keep=lambda found: sorted(i.trace_id for i in found),
    )
    rec.step("batch.client", lambda: len(TracingClient().batch_get_traces(ids)))


def links(rec, client, traces):
    """A run cannot be made on every server; a link to its id can."""
    run_id = "f" * 32
    rec.step(
        "link.to_run", lambda: client.link_traces_to_run([traces.trace_id(1), traces.trace_id(20)], run_id)
    )
    rec.step("link.found", lambda: [t.info.trace_id for t in search(traces, f"run_id = '{run_id}'")])
    rec.step("link.nothing", lambda: client.link_traces_to_run([], run_id))
    rec.step(
        "link.too_many", lambda: client.link_traces_to_run([traces.trace_id(n) for n in range(101)], run_id)
    )


def deletion(rec, client, traces):
    for n in range(1, 13):
        whole(traces, n, f"d{n:02}")
    here = traces.experiment_id
    judged = mlflow.log_feedback(trace_id=traces.trace_id(1), name="f", value=1)

    def delete(step_name, experiment_id=here, **arguments):
        rec.step(f"delete.{step_name}", lambda: client.delete_traces(experiment_id, **arguments))

    def left():
        return sorted(t.info.tags["mlflow.traceName"] for t in search(traces, None))

    delete("by_ids", trace_ids=[traces.trace_id(1), traces.trace_id(2)])
    rec.step("delete.left_1", left)
    rec.step("delete.gone", lambda: client.get_trace(traces.trace_id(1), display=False))
    rec.step(
        "delete.assessment_gone", lambda: mlflow.get_assessment(traces.trace_id(1), judged.assessment_id)
    )
    rec.step(
        "delete.feedback_after", lambda: mlflow.log_feedback(trace_id=traces.trace_id(1), name="f", value=1)
    )
    delete("by_ids_again", trace_ids=[traces.trace_id(1), traces.trace_id(2)])
    delete("by_ids_some_missing", trace_ids=[traces.trace_id(3), MISSING_TRACE])
    delete("by_ids_twice_the_same", trace_ids=[traces.trace_id(4), traces.trace_id(4)])
    delete("other_experiment", experiment_id="0", trace_ids=[traces.trace_id(5)])
    delete("by_time_limited", max_timestamp_millis=START_MS + 10_000, max_traces=2)
    rec.step("delete.left_2", left)
    delete("by_time", max_timestamp_millis=START_MS + 10_000)
    rec.step("delete.left_3", left)
    delete("by_time_nothing", max_timestamp_millis=START_MS)
    delete("many_ids", trace_ids=[traces.trace_id(n) for n in range(100, 350)] + [traces.trace_id(11)])
    delete("no_criterion")
    delete("empty_ids", trace_ids=[])
    delete("both", trace_ids=[traces.trace_id(12)], max_timestamp_millis=START_MS)
    delete("ids_and_max", trace_ids=[traces.trace_id(12)], max_traces=1)
    delete("max_0", max_timestamp_millis=START_MS, max_traces=0)
    delete("max_negative", max_timestamp_millis=START_MS, max_traces=-1)
    delete("unknown_experiment", experiment_id="424242", max_timestamp_millis=START_MS)
    delete("experiment_not_a_number", experiment_id="abc", max_timestamp_millis=START_MS)
    delete("no_experiment", experiment_id=None, max_timestamp_millis=START_MS)
    rec.step("delete.left_4", left)
    rec.step(
        "delete.born_again", lambda: whole(traces, 1, "born again") and mlflow.get_trace(traces.trace_id(1))
    )


def deleted_experiment(rec, client, traces):
    trace_id = whole(traces, 1, "kept")
    client.delete_experiment(traces.experiment_id)
    rec.step("gone.get_trace", lambda: mlflow.get_trace(trace_id).info.tags["mlflow.traceName"])
    rec.step("gone.search", lambda: [t.info.tags["mlflow.traceName"] for t in search(traces, None)])
    rec.step("gone.record", lambda: traces.start(2, "refused"))
    rec.step("gone.feedback", lambda: mlflow.log_feedback(trace_id=trace_id, name="f", value=1).value)
    rec.step("gone.tag", lambda: mlflow.set_trace_tag(trace_id, "k", "v"))
    rec.step("gone.missing_assessment", lambda: mlflow.get_assessment(trace_id, MISSING))
    rec.step("gone.delete", lambda: client.delete_traces(traces.experiment_id, trace_ids=[trace_id]))
