"""Assessments: every kind of value, override, update, delete, get, and what each refuses."""

import time

import mlflow
from mlflow import MlflowClient
from mlflow.entities import AssessmentError, AssessmentSource, Expectation, Feedback

from fixtures import START_MS, Traces

MISSING_TRACE = "tr-" + "0" * 31 + "1"
MISSING = "a-" + "0" * 31 + "1"
HUMAN = AssessmentSource(source_type="HUMAN", source_id="reader@example.com")

VALUES = {
    "true": True,
    "false": False,
    "int": 5,
    "int_zero": 0,
    "int_negative": -3,
    "int_beyond_double": 9007199254740993,
    "float": 4.5,
    "float_whole": 4.0,
    "float_tiny": 5e-324,
    "float_huge": 1.7976931348623157e308,
    "float_minus_zero": -0.0,
    "string": "helpful",
    "string_empty": "",
    "string_unicode": "grüße 日本 🎉 \"two\" 'one' \\ \n\t",
    "string_number": "5",
    "string_json": '{"a": 1}',
    "string_long": "z" * 20000,
    "list": ["a", 1, 2.5, True],
    "list_empty": [],
    "list_nested": [[1, [2]], {"a": [None]}],
    "dict": {"accuracy": 0.8, "good": True, "tone": "warm", "n": 2},
    "dict_empty": {},
    "dict_nested": {"a": {"b": [1, None, {"c": "d"}]}},
    "dict_odd_keys": {"": 1, "a.b": 2, "ключ": 3},
}
REFUSED = {
    "nan": float("nan"),
    "infinity": float("inf"),
    "bytes": b"x",
    "object": object(),
    "int_keys": {1: "a"},
}
EXPECTATIONS = {
    "true": True,
    "int": 42,
    "float": 0.5,
    "string": "Paris",
    "string_empty": "",
    "dict": {"facts": ["a", "b"], "n": 9007199254740993, "f": 1.0, "none": None},
    "dict_empty": {},
    "list": [1, "two", 3.0, None, {"a": [True]}],
    "list_empty": [],
}


def run(rec):
    rec.section("feedback")
    mlflow.set_experiment(f"feedback-{rec.run}")
    experiment_id = MlflowClient().get_experiment_by_name(f"feedback-{rec.run}").experiment_id
    traces = Traces(rec, experiment_id, 1)
    trace_id, span_id = target(traces, 1)
    log(rec, trace_id, span_id)
    expectations(rec, trace_id, span_id)
    overrides(rec, target(traces, 2)[0], trace_id)
    updates(rec, target(traces, 3)[0])
    deletes(rec, target(traces, 4)[0])
    listing(rec, target(traces, 5)[0])


def target(traces, number):
    """A trace to judge; returns its id and the id of one of its spans."""
    traces.log([traces.span(number, 0, "root"), traces.span(number, 1, "child", parent=0)])
    traces.start(number, f"target {number}")
    return traces.trace_id(number), traces.span_id(number, 1)


def log(rec, trace_id, span_id):
    step = rec.step

    def logged(label, trace=trace_id, **arguments):
        step(f"log.{label}", lambda: mlflow.log_feedback(trace_id=trace, **arguments))

    for name, value in VALUES.items():
        logged(f"value_{name}", name=name, value=value, source=HUMAN)
    for name, value in REFUSED.items():
        logged(f"refused_{name}", name=name, value=value)
    logged("defaults", value=True)
    logged(
        "all_fields",
        name="full",
        value=0.7,
        source=HUMAN,
        rationale="because",
        metadata={"a": "b", "n": 5, "f": 1.5, "t": True},
    )
    logged("on_span", name="span", value="ok", span_id=span_id, source=HUMAN)
    logged("on_unknown_span", name="span", value="ok", span_id="0123456789abcdef")
    logged("rationale_only", name="r", rationale="no value at all")
    logged("rationale_empty", name="r", value=1, rationale="")
    logged("rationale_long", name="r", value=1, rationale="ü" * 5000)
    logged("metadata_empty", name="m", value=1, metadata={})
    logged("metadata_long", name="m", value=1, metadata={"k": "v" * 1000})
    logged("metadata_run", name="m", value=1, metadata={"mlflow.assessment.sourceRunId": "run-1"})
    logged("metadata_session", name="m", value=1, metadata={"mlflow.trace.session": "s"})
    logged("name_with_dots", name="a.b/c d-é", value=1)
    logged("error_exception", name="e", error=caught(ValueError("bad judge")))
    logged("error_entity", name="e", error=AssessmentError("RATE_LIMIT", "slow down", "Traceback: somewhere"))
    logged("error_code_only", name="e", error=AssessmentError("RATE_LIMIT"))
    logged("error_string", name="e", error="plain words")
    logged("error_and_value", name="e", value=3, error=AssessmentError("PARTIAL", "half"))
    logged("error_type", name="e", error=5)
    logged("error_long_stack", name="e", error=AssessmentError("DEEP", "m", "frame\n" * 4000))
    logged("nothing", name="n")
    logged("source_code", name="s", value=1, source=AssessmentSource("CODE", "check.py"))
    logged("source_judge", name="s", value=1, source=AssessmentSource("LLM_JUDGE", "gpt"))
    logged("source_lower_case", name="s", value=1, source=AssessmentSource("human", "x"))
    step(
        "log.source_old_name",
        lambda: mlflow.log_feedback(
            trace_id=trace_id, name="s", value=1, source=AssessmentSource("AI_JUDGE", "x")
        ),
    )
    step(
        "log.source_unknown",
        lambda: mlflow.log_feedback(
            trace_id=trace_id, name="s", value=1, source=AssessmentSource("ROBOT", "x")
        ),
    )
    logged("source_not_one", name="s", value=1, source="HUMAN")
    logged("unknown_trace", trace=MISSING_TRACE, name="x", value=1)
    logged("malformed_trace", trace="no-such-trace", name="x", value=1)
    step("log.no_trace", lambda: mlflow.log_feedback(trace_id=None, name="x", value=1, source=HUMAN).trace_id)
    step(
        "log.times_given",
        lambda: mlflow.log_assessment(
            trace_id,
            Feedback(name="timed", value=1, create_time_ms=START_MS, last_update_time_ms=START_MS + 5),
        ),
    )
    mine = Feedback(name="own id", value=1, create_time_ms=START_MS, last_update_time_ms=START_MS)
    mine.assessment_id = "a-" + rec.run + "0" * 20
    step("log.own_id", lambda: mlflow.log_assessment(trace_id, mine))
    step(
        "log.own_id_again",
        lambda: mlflow.log_assessment(trace_id, mine),
        keep=lambda a: [a.assessment_id == mine.assessment_id, a.name, a.value, a.valid],
    )
    step(
        "log.own_id_kept_once",
        lambda: [a.name for a in mlflow.get_trace(trace_id).info.assessments].count("own id"),
    )
    step(
        "log.read_back",
        lambda: mlflow.get_trace(trace_id).info.assessments,
        keep=lambda listed: [a for a in listed if a.name in VALUES],
    )
    step("log.count", lambda: len(mlflow.get_trace(trace_id).info.assessments))


def caught(error):
    try:
        raise error
    except Exception as same:
        return same


def expectations(rec, trace_id, span_id):
    step = rec.step

    def logged(label, trace=trace_id, **arguments):
        return step(f"expectation.{label}", lambda: mlflow.log_expectation(trace_id=trace, **arguments))

    for name, value in EXPECTATIONS.items():
        one = logged(f"value_{name}", name=f"x {name}", value=value)
        step(f"expectation.read_{name}", lambda: mlflow.get_assessment(trace_id, one.assessment_id).value)
    logged("all_fields", name="full", value="v", source=HUMAN, metadata={"a": 1}, span_id=span_id)
    logged("int_beyond_double", name="big", value=9007199254740993)
    logged("none", name="x", value=None)
    logged("nan", name="x", value=float("nan"))
    logged("object", name="x", value=object())
    logged("unknown_trace", trace=MISSING_TRACE, name="x", value=1)
    logged("unknown_trace_dict", trace=MISSING_TRACE, name="x", value={"a": 1})
    step(
        "expectation.entity",
        lambda: mlflow.log_assessment(trace_id, Expectation(name="entity", value=[1], source=HUMAN)),
    )


def validity(trace_id):
    """Name, value, validity and what it overrides, of every feedback of the trace."""
    listed = [a for a in mlflow.get_trace(trace_id).info.assessments if a.feedback is not None]
    ids = {a.assessment_id: a.value for a in listed}
    return sorted(
        [a.name, str(a.value), a.valid, str(ids.get(a.overrides, bool(a.overrides)))] for a in listed
    )


def overrides(rec, trace_id, other_trace):
    step = rec.step

    def override(name, old, value, **more):
        return step(
            f"override.{name}",
            lambda: mlflow.override_feedback(
                trace_id=trace_id, assessment_id=old.assessment_id, value=value, **more
            ),
        )

    def first(name):
        return mlflow.log_feedback(
            trace_id=trace_id, name=name, value="first", source=HUMAN, rationale="old", metadata={"old": "1"}
        )

    old = first("once")
    new = override("once", old, "second", rationale="changed my mind", source=HUMAN, metadata={"new": "2"})
    step("override.once_old", lambda: mlflow.get_assessment(trace_id, old.assessment_id))
    step("override.once_new", lambda: mlflow.get_assessment(trace_id, new.assessment_id))
    third = override("chain", new, "third")
    step("override.chain_middle", lambda: mlflow.get_assessment(trace_id, new.assessment_id))
    step("override.chain_all", lambda: validity(trace_id))
    old = mlflow.log_feedback(trace_id=trace_id, name="on span", value=1, span_id="0123456789abcdef")
    override("keeps_span", old, 2.5)
    override("none_value", first("none"), None)

    # Two overriders of one: the quirk of record is that deleting either revives the first.
    old = first("double")
    left = override("double_left", old, "left")
    right = override("double_right", old, "right")
    step("override.double_all", lambda: [v for v in validity(trace_id) if v[0] == "double"])
    step("override.double_delete_one", lambda: mlflow.delete_assessment(trace_id, left.assessment_id))
    step("override.double_after_one", lambda: [v for v in validity(trace_id) if v[0] == "double"])
    step("override.double_delete_both", lambda: mlflow.delete_assessment(trace_id, right.assessment_id))
    step("override.double_after_both", lambda: [v for v in validity(trace_id) if v[0] == "double"])

    expected = mlflow.log_expectation(trace_id=trace_id, name="expected", value="x")
    override("expectation", expected, "y")
    elsewhere = mlflow.log_feedback(trace_id=other_trace, name="elsewhere", value=1)
    override("other_trace", elsewhere, "y")
    step(
        "override.missing",
        lambda: mlflow.override_feedback(trace_id=trace_id, assessment_id=MISSING, value=1),
    )
    step(
        "override.malformed",
        lambda: mlflow.override_feedback(trace_id=trace_id, assessment_id="nope", value=1),
    )
    step(
        "override.unknown_trace",
        lambda: mlflow.override_feedback(trace_id=MISSING_TRACE, assessment_id=MISSING, value=1),
    )
    step(
        "override.by_entity_missing",
        lambda: mlflow.log_assessment(trace_id, Feedback(name="x", value=1, overrides=MISSING)),
    )
    named = first("named")
    step(
        "override.by_entity_other_name",
        lambda: mlflow.log_assessment(
            trace_id, Feedback(name="renamed", value=1, overrides=named.assessment_id)
        ),
    )
    step("override.all", lambda: validity(trace_id))
    return third


def updates(rec, trace_id):
    step = rec.step
    fixed = mlflow.log_feedback(
        trace_id=trace_id,
        name="before",
        value=1,
        source=HUMAN,
        rationale="why",
        metadata={"a": "1", "b": "2"},
    )
    failed = mlflow.log_feedback(trace_id=trace_id, name="failed", error=AssessmentError("E", "m"))
    expected = mlflow.log_expectation(trace_id=trace_id, name="expected", value="x", metadata={"a": "1"})
    time.sleep(0.01)

    def update(name, old, new):
        step(f"update.{name}", lambda: mlflow.update_assessment(trace_id, old.assessment_id, new()))

    update("name", fixed, lambda: Feedback(name="after", value=1))
    update("value", fixed, lambda: Feedback(name="after", value={"b": [1, 2]}))
    update("rationale", fixed, lambda: Feedback(name="after", value=2, rationale="new reason"))
    update("rationale_empty", fixed, lambda: Feedback(name="after", value=2, rationale=""))
    update("metadata_merges", fixed, lambda: Feedback(name="after", value=2, metadata={"b": "3", "c": "4"}))
    update("metadata_empty", fixed, lambda: Feedback(name="after", value=2, metadata={}))
    update(
        "source_is_fixed",
        fixed,
        lambda: Feedback(name="after", value=2, source=AssessmentSource("CODE", "other")),
    )
    update("span_is_fixed", fixed, lambda: Feedback(name="after", value=2, span_id="0123456789abcdef"))
    update("default_name", fixed, lambda: Feedback(value=3))
    update("value_none", fixed, lambda: Feedback(name="after", value=None))
    update("error_set", fixed, lambda: Feedback(name="after", error="went wrong"))
    update("error_cleared", failed, lambda: Feedback(name="failed", value=True))
    step("update.read_back", lambda: mlflow.get_assessment(trace_id, fixed.assessment_id))
    update("expectation_scalar", expected, lambda: Expectation(name="expected", value="y"))
    update(
        "expectation_dict",
        expected,
        lambda: Expectation(name="expected 2", value={"a": [1, None]}, metadata={"b": "2"}),
    )
    update("feedback_as_expectation", fixed, lambda: Expectation(name="after", value=1))
    update("expectation_as_feedback", expected, lambda: Feedback(name="expected", value=1))
    update("nan", fixed, lambda: Feedback(name="after", value=float("nan")))
    winner = mlflow.override_feedback(trace_id=trace_id, assessment_id=fixed.assessment_id, value="winner")
    update("overridden", fixed, lambda: Feedback(name="after", value="still updatable"))
    update("overrider", winner, lambda: Feedback(name="after", value="winner 2"))
    step("update.missing", lambda: mlflow.update_assessment(trace_id, MISSING, Feedback(value=1)))
    step(
        "update.unknown_trace",
        lambda: mlflow.update_assessment(MISSING_TRACE, fixed.assessment_id, Feedback(value=1)),
    )
    step("update.no_assessment", lambda: mlflow.update_assessment(trace_id, fixed.assessment_id, None))
    step("update.all", lambda: mlflow.get_trace(trace_id).info.assessments, keep=rec.norm.assessments)


def deletes(rec, trace_id):
    step = rec.step
    old = mlflow.log_feedback(trace_id=trace_id, name="d", value="old")
    new = mlflow.override_feedback(trace_id=trace_id, assessment_id=old.assessment_id, value="new")
    step("delete.overrider", lambda: mlflow.delete_assessment(trace_id, new.assessment_id))
    step("delete.overrider_gone", lambda: mlflow.get_assessment(trace_id, new.assessment_id))
    step("delete.target_valid_again", lambda: mlflow.get_assessment(trace_id, old.assessment_id))
    newer = mlflow.override_feedback(trace_id=trace_id, assessment_id=old.assessment_id, value="newer")
    step("delete.target", lambda: mlflow.delete_assessment(trace_id, old.assessment_id))
    step(
        "delete.overrider_dangles",
        lambda: mlflow.get_assessment(trace_id, newer.assessment_id),
        keep=lambda a: [a.value, a.valid, bool(a.overrides)],
    )
    one = mlflow.log_feedback(trace_id=trace_id, name="middle", value="a")
    two = mlflow.override_feedback(trace_id=trace_id, assessment_id=one.assessment_id, value="b")
    mlflow.override_feedback(trace_id=trace_id, assessment_id=two.assessment_id, value="c")
    step("delete.middle", lambda: mlflow.delete_assessment(trace_id, two.assessment_id))
    step("delete.after_middle", lambda: [v for v in validity(trace_id) if v[0] == "middle"])
    expected = mlflow.log_expectation(trace_id=trace_id, name="gone", value={"a": 1})
    step("delete.expectation", lambda: mlflow.delete_assessment(trace_id, expected.assessment_id))
    step("delete.again", lambda: mlflow.delete_assessment(trace_id, expected.assessment_id))
    step("delete.missing", lambda: mlflow.delete_assessment(trace_id, MISSING))
    step("delete.unknown_trace", lambda: mlflow.delete_assessment(MISSING_TRACE, MISSING))
    step("delete.wrong_trace", lambda: mlflow.delete_assessment(MISSING_TRACE, newer.assessment_id))
    step("delete.wrong_trace_keeps", lambda: mlflow.get_assessment(trace_id, newer.assessment_id).value)
    step("get.missing", lambda: mlflow.get_assessment(trace_id, MISSING))
    step("get.malformed", lambda: mlflow.get_assessment(trace_id, "nope"))
    step("get.unknown_trace", lambda: mlflow.get_assessment(MISSING_TRACE, newer.assessment_id))


def listing(rec, trace_id):
    """The order in which a trace lists what was logged one after the other."""

    def fill():
        for n in range(5):
            mlflow.log_feedback(trace_id=trace_id, name=f"n{n * 7 % 5}", value=n)
            time.sleep(0.003)
        return [[a.name, a.value] for a in mlflow.get_trace(trace_id).info.assessments]

    rec.step("listing.order", fill)
    rec.step(
        "listing.in_search",
        lambda: [
            [a.name for a in t.info.assessments]
            for t in mlflow.search_traces(filter_string="name = 'target 5'", return_type="list")
        ],
    )
    rec.step(
        "listing.pandas", lambda: mlflow.search_traces(filter_string="name = 'target 5'")[["assessments"]]
    )
    rec.step(
        "listing.search_assessments",
        lambda: [a.name for a in mlflow.get_trace(trace_id).search_assessments(type="feedback")],
    )
