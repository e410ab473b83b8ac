"""Filter strings of `search_traces`: which traces of one fixed set each of them finds."""

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Expectation, Feedback, TraceState

from fixtures import START_MS, Traces

# Feedback by trace number; lists are several assessments of that name.
FEEDBACK = {
    1: {"correct": True, "stars": 5, "label": "helpful answer", "a.b": 1, "with space": "x"},
    2: {"correct": False, "stars": 4.5, "label": "Helpful", "tags": ["a", "b"]},
    3: {"correct": "true", "stars": "5", "label": "café 100%_", "scores": {"x": 1, "y": True}},
    4: {"correct": "no", "stars": 1, "label": "it's", "nothing": None},
    5: {"stars": -2, "label": "", "stars2": 5},
    6: {"label": 'say "hi"'},
}
EXPECTED = {1: {"answer": "Paris", "n": 3}, 2: {"answer": {"a": [1]}, "n": 4}, 3: {"correct": True}}

# (step, filter). Results are the trace names in order of their numbers.
FILTERS = {
    "none": "",
    "timestamp_gt": f"timestamp > {START_MS + 4000}",
    "timestamp_ge": f"timestamp >= {START_MS + 4000}",
    "timestamp_eq": f"timestamp = {START_MS + 4000}",
    "timestamp_ne": f"timestamp != {START_MS + 4000}",
    "timestamp_lt": f"timestamp < {START_MS + 2000}",
    "timestamp_ms_le": f"timestamp_ms <= {START_MS + 2000}",
    "trace_timestamp_ms": f"trace.timestamp_ms > {START_MS + 4000}",
    "attributes_timestamp_ms": f"attributes.timestamp_ms > {START_MS + 4000}",
    "attribute_timestamp": f"attribute.timestamp < {START_MS + 2000}",
    "timestamp_range": f"timestamp >= {START_MS + 2000} AND timestamp < {START_MS + 4000}",
    "timestamp_decimal": f"timestamp_ms > {START_MS + 4000}.5",
    "timestamp_zero": "timestamp > 0",
    "timestamp_negative": "timestamp > -1",
    "execution_time": "execution_time > 100",
    "execution_time_ms_eq": "execution_time_ms = 100",
    "execution_time_le": "attributes.execution_time <= 200",
    "execution_time_decimal": "execution_time_ms >= 99.5",
    "execution_time_exponent": "execution_time_ms > 1e2",
    "execution_time_unset": "execution_time_ms >= 0",
    "end_time": f"end_time > {START_MS + 4000}",
    "end_time_ms": f"attributes.end_time_ms <= {START_MS + 2200}",
    "status": "status = 'OK'",
    "status_trace": "trace.status = 'ERROR'",
    "status_ne": "status != 'OK'",
    "status_in": "status IN ('OK', 'ERROR')",
    "status_not_in": "attributes.status NOT IN ('OK', 'ERROR')",
    "status_lower": "status = 'ok'",
    "status_like": "status LIKE 'E%'",
    "status_ilike": "status ILIKE 'e%'",
    "status_rlike": "status RLIKE '^(OK|IN)'",
    "request_id": "request_id = '{id2}'",
    "request_id_ne": "request_id != '{id2}'",
    "request_id_in": "request_id IN ('{id1}', '{id3}', 'tr-none')",
    "request_id_not_in": "request_id NOT IN ('{id1}', '{id3}')",
    "request_id_like": "attributes.request_id LIKE '%3'",
    "client_request_id": "attributes.client_request_id = 'req-1'",
    "client_request_id_bare": "client_request_id = 'req-2'",
    "client_request_id_ne": "client_request_id != 'req-1'",
    "client_request_id_in": "client_request_id IN ('req-1', 'req-3')",
    "client_request_id_not_in": "client_request_id NOT IN ('req-1', 'req-3')",
    "client_request_id_like": "attributes.client_request_id LIKE 'req-%'",
    "client_request_id_like_underscore": "attributes.client_request_id LIKE 'req__'",
    "client_request_id_ilike": "client_request_id ILIKE 'REQ-%'",
    "client_request_id_like_case": "client_request_id LIKE 'REQ-%'",
    "client_request_id_rlike": "client_request_id RLIKE 'q-[12]$'",
    "client_request_id_missing": "attributes.client_request_id = 'req-none'",
    "name": "name = 't1'",
    "name_attribute": "attributes.name = 't1'",
    "name_trace": "trace.name LIKE 't%'",
    "name_ne": "name != 't1'",
    "name_ilike": "name ILIKE 'T%'",
    "name_rlike": "name RLIKE '^t[1-3]$'",
    "name_is_null": "name IS NULL",
    "name_is_not_null": "name IS NOT NULL",
    "tag_name": "tags.mlflow.traceName = 't2'",
    "tag_name_back_quoted": "tags.`mlflow.traceName` = 't2'",
    "run_id": "run_id = 'run-7'",
    "run_id_attribute": "attribute.run_id = 'run-7'",
    "run_id_ne": "run_id != 'run-7'",
    "run_id_is_null": "run_id IS NULL",
    "run_id_like": "run_id LIKE 'run%'",
    "metadata_source_run": "metadata.`mlflow.sourceRun` = 'run-7'",
    "tag": "tags.env = 'prod'",
    "tag_singular": "tag.env = 'prod'",
    "tag_ne": "tags.env != 'prod'",
    "tag_like": "tags.env LIKE 'pr%'",
    "tag_ilike": "tags.env ILIKE 'PR%'",
    "tag_rlike": "tags.env RLIKE 'o.$'",
    "tag_rlike_invalid": "tags.env RLIKE '('",
    "tag_is_null": "tags.env IS NULL",
    "tag_is_not_null": "tags.env IS NOT NULL",
    "tag_is_not_null_lower": "tags.env is not null",
    "tag_double_quotes": 'tags.env = "prod"',
    "tag_apostrophe": 'tags.note = "it\'s"',
    "tag_doubled_apostrophe": "tags.note = 'it''s'",
    "tag_inner_double_quote": "tags.note = 'say \"hi\"'",
    "tag_back_quoted": "tags.`key with space` = 'v'",
    "tag_double_quoted_key": "tags.\"key with space\" = 'v'",
    "tag_single_quoted_key": "tags.'key with space' = 'v'",
    "tag_dashed": "tags.`dashed-key` = 'v'",
    "tag_slash_colon": "tags.`a/b:c` = 'v'",
    "tag_dotted": "tags.dotted.key = 'v'",
    "tag_keyword": "tags.user = 'u'",
    "tag_key_case": "tags.ENV = 'prod'",
    "tag_value_case": "tags.env = 'PROD'",
    "tag_unicode": "tags.city = 'Köln'",
    "tag_unicode_like": "tags.city LIKE 'K_ln'",
    "tag_unicode_ilike": "tags.city ILIKE 'köLN'",
    "tag_unicode_ilike_fold": "tags.city ILIKE 'KÖLN'",
    "tag_percent": "tags.rate = '100%'",
    "tag_like_percent": "tags.rate LIKE '100%'",
    "tag_empty": "tags.empty = ''",
    "tag_prefix_back_quoted": "`tags`.env = 'prod'",
    "tag_spaces": "   tags.env   =   'prod'   ",
    "tag_no_spaces": "tags.env='prod'",
    "tag_semicolon_value": "tags.note = 'a; b -- c'",
    "tag_and_in_value": "tags.note = 'x AND y'",
    "metadata": "metadata.release = '1.2'",
    "request_metadata": "request_metadata.release = '1.2'",
    "metadata_ne": "metadata.release != '1.2'",
    "metadata_like": "metadata.release LIKE '1.%'",
    "metadata_is_null": "metadata.release IS NULL",
    "session": "metadata.`mlflow.trace.session` = 's1'",
    "session_bare_key": "metadata.mlflow.trace.session = 's1'",
    "session_request_metadata": "request_metadata.`mlflow.trace.session` = 's1'",
    "session_is_null": "metadata.`mlflow.trace.session` IS NULL",
    "user": "metadata.`mlflow.trace.user` = 'u1'",
    "user_in_any_session": "metadata.`mlflow.trace.user` = 'u1' AND metadata.`mlflow.trace.session` IS NOT NULL",
    "span_name": "span.name = 'llm'",
    "span_name_ne": "span.name != 'llm'",
    "span_name_in": "span.name IN ('llm', 'tool')",
    "span_name_not_in": "span.name NOT IN ('llm', 'tool', 'root')",
    "span_name_like": "span.name LIKE 'l%'",
    "span_name_ilike": "span.name ILIKE 'LLM'",
    "span_name_rlike": "span.name RLIKE '^(llm|tool)$'",
    "span_type": "span.type = 'LLM'",
    "span_type_ilike": "span.type ILIKE 'l%'",
    "span_type_ne": "span.type != 'LLM'",
    "span_status": "span.status = 'ERROR'",
    "span_status_ok": "span.status = 'OK'",
    "span_status_in": "span.status IN ('ERROR', 'UNSET')",
    "span_same_span": "span.name = 'llm' AND span.status = 'ERROR'",
    "span_same_span_type": "span.type = 'TOOL' AND span.status = 'ERROR'",
    "span_content_like": "span.content LIKE '%needle%'",
    "span_content_ilike": "span.content ILIKE '%NEEDLE%'",
    "span_attribute_like": "span.attributes.model LIKE '%m-1%'",
    "span_attribute_ilike": "span.attributes.model ILIKE '%M-1%'",
    "span_attribute_missing": "span.attributes.nowhere LIKE '%m-1%'",
    "text_like": "trace.text LIKE '%needle%'",
    "text_attribute_ilike": "attributes.text ILIKE '%NEEDLE%'",
    "text_missing": "trace.text LIKE '%no such text%'",
    "feedback_true": "feedback.correct = 'true'",
    "feedback_false": "feedback.correct = 'false'",
    "feedback_true_case": "feedback.correct = 'True'",
    "feedback_ne_true": "feedback.correct != 'true'",
    "feedback_quoted_json": "feedback.label = '\"Helpful\"'",
    "feedback_string": "feedback.label = 'Helpful'",
    "feedback_string_case": "feedback.label = 'helpful'",
    "feedback_string_empty": "feedback.label = ''",
    "feedback_apostrophe": 'feedback.label = "it\'s"',
    "feedback_unicode": "feedback.label = 'café 100%_'",
    "feedback_number_text": "feedback.stars = '5.0'",
    "feedback_gt": "feedback.stars > 1",
    "feedback_ge": "feedback.stars >= 4.5",
    "feedback_lt": "feedback.stars < 4.5",
    "feedback_le": "feedback.stars <= -2",
    "feedback_range": "feedback.stars >= 1 AND feedback.stars <= 4.5",
    "feedback_gt_decimal": "feedback.stars > .5",
    "feedback_gt_bool": "feedback.correct > 0",
    "feedback_list": 'feedback.tags = \'["a", "b"]\'',
    "feedback_list_like": "feedback.tags LIKE '%\"a\"%'",
    "feedback_dict_like": "feedback.scores LIKE '%\"x\": 1.0%'",
    "feedback_null": "feedback.nothing = 'null'",
    "feedback_null_is_not_null": "feedback.nothing IS NOT NULL",
    "feedback_like": "feedback.label LIKE '%help%'",
    "feedback_ilike": "feedback.label ILIKE '%HELP%'",
    "feedback_rlike": "feedback.label RLIKE '[Hh]elp'",
    "feedback_is_null": "feedback.correct IS NULL",
    "feedback_is_not_null": "feedback.correct IS NOT NULL",
    "feedback_unknown": "feedback.unheard_of IS NOT NULL",
    "feedback_dotted": "feedback.a.b > 0",
    "feedback_back_quoted": "feedback.`with space` = 'x'",
    "feedback_double_quoted_key": "feedback.\"with space\" = 'x'",
    "feedback_key_case": "feedback.Correct = 'true'",
    "feedback_two": "feedback.correct = 'true' AND feedback.stars > 4",
    "feedback_two_of_one_name": "feedback.many = 'a' AND feedback.many = 'b'",
    "feedback_overridden": "feedback.verdict = 'old'",
    "feedback_overrider": "feedback.verdict = 'new'",
    "feedback_not_an_expectation": "feedback.answer IS NOT NULL",
    "expectation": "expectation.answer = 'Paris'",
    "expectation_number": "expectation.n > 3",
    "expectation_dict_like": "expectation.answer LIKE '%\"a\"%'",
    "expectation_is_null": "expectation.answer IS NULL",
    "expectation_is_not_null": "expectation.correct IS NOT NULL",
    "expectation_ne": "expectation.answer != 'Paris'",
    "session_feedback": "feedback.session_verdict = 'good'",
    "session_feedback_is_null": "feedback.session_verdict IS NULL",
    "issue_unknown": "issue.id = 'iss-none'",
    "prompt_unknown": "prompt = 'name/1'",
    "and": "tags.env = 'prod' AND status = 'OK'",
    "and_lower": "tags.env = 'prod' and status = 'OK'",
    "and_missing": "tags.env = 'prod' status = 'OK'",
    "and_dangling": "tags.env = 'prod' AND",
    "all_kinds": "timestamp > 0 AND tags.env = 'prod' AND metadata.release = '1.2' AND span.name = 'llm' "
    "AND feedback.correct = 'true' AND status = 'OK'",
    "contradiction": "status = 'OK' AND status = 'ERROR'",
    "like_lower_word": "name like 't1'",
    "ne_spaces": "name  !=  't1'",
}

# Kept by the server of record: alias names are rewritten whatever their prefix.
ALIASES = {
    "alias_feedback_name": "feedback.name = 'f-name'",
    "alias_feedback_run_id": "feedback.run_id = 'f-run'",
    "alias_feedback_text": "feedback.text = 'f-text'",
    "alias_feedback_prompt": "feedback.prompt = 'f-prompt'",
    "alias_tag_name": "tags.name = 't-name'",
    "alias_metadata_name": "metadata.name = 'm-name'",
}

BAD = {
    "blank": "   ",
    "or": "status = 'OK' OR status = 'ERROR'",
    "parentheses": "(status = 'OK')",
    "not": "NOT status = 'OK'",
    "between": "timestamp BETWEEN 1 AND 2",
    "double_equals": "status == 'OK'",
    "angle_brackets": "status <> 'OK'",
    "no_comparator": "status 'OK'",
    "no_value": "status =",
    "no_key": "= 'OK'",
    "word": "hello",
    "garbage": "((((",
    "semicolon": "status = 'OK'; status = 'ERROR'",
    "comment": "status = 'OK' -- more",
    "comma": "status = 'OK', name = 'x'",
    "unclosed_quote": "status = 'OK",
    "unquoted_value": "tags.env = prod",
    "back_quoted_value": "tags.env = `prod`",
    "unknown_attribute": "state = 'OK'",
    "unknown_attribute_prefixed": "attributes.user_id = 'x'",
    "trace_id": "trace_id = 'x'",
    "unknown_prefix": "assessment.x = 'y'",
    "upper_prefix": "TAGS.env = 'prod'",
    "upper_attribute": "STATUS = 'OK'",
    "trace_metadata_prefix": "trace_metadata.release = '1'",
    "keyword_key": "session = 's1'",
    "timestamp_quoted": "timestamp > '5'",
    "timestamp_like": "timestamp LIKE 5",
    "timestamp_text": "timestamp > abc",
    "timestamp_in": "timestamp IN (1, 2)",
    "timestamp_is_null": "timestamp IS NULL",
    "execution_time_quoted": "execution_time > '5'",
    "status_number": "status = 5",
    "status_gt": "status > 'OK'",
    "status_in_empty": "status IN ()",
    "status_in_numbers": "status IN (1, 2)",
    "status_in_no_list": "status IN 'OK'",
    "status_eq_list": "status = ('OK')",
    "status_is_null": "status IS NULL",
    "name_in": "name IN ('a', 'b')",
    "name_gt": "name > 'a'",
    "request_id_is_null": "request_id IS NULL",
    "client_request_id_is_null": "client_request_id IS NULL",
    "client_request_id_number": "client_request_id = 5",
    "client_request_id_gt": "client_request_id > 'a'",
    "tag_number": "tags.n = 5",
    "tag_gt": "tags.env > 'a'",
    "tag_in": "tags.env IN ('a')",
    "tag_no_key": "tags. = 'x'",
    "tag_bare": "tags = 'x'",
    "metadata_number": "metadata.n = 5",
    "metadata_gt": "metadata.n > '5'",
    "span_unknown": "span.color = 'red'",
    "span_name_gt": "span.name > 'a'",
    "span_name_number": "span.name = 5",
    "span_name_is_null": "span.name IS NULL",
    "span_content_eq": "span.content = 'x'",
    "span_duration": "span.duration > 5",
    "text_eq": "trace.text = 'x'",
    "text_bare": "text LIKE '%x%'",
    "feedback_number_eq": "feedback.stars = 5",
    "feedback_number_ne": "feedback.stars != 5",
    "feedback_quoted_gt": "feedback.stars > '4'",
    "feedback_like_number": "feedback.stars LIKE 5",
    "feedback_in": "feedback.label IN ('a', 'b')",
    "feedback_no_name": "feedback. = 'x'",
    "feedback_bare": "feedback = 'x'",
    "feedback_bool": "feedback.correct = true",
    "feedback_null_word": "feedback.correct = NULL",
    "expectation_number_eq": "expectation.n = 3",
    "issue_ne": "issue.id != 'x'",
    "issue_unknown_key": "issue.state = 'x'",
    "prompt_shape": "prompt = 'a'",
    "prompt_like": "prompt LIKE 'a/1'",
    "timestamp_beyond_int64": "timestamp > 99999999999999999999",
}


def run(rec):
    rec.section("filters")
    mlflow.set_experiment(f"filters-{rec.run}")
    experiment_id = MlflowClient().get_experiment_by_name(f"filters-{rec.run}").experiment_id
    traces = Traces(rec, experiment_id, 2)
    prepare(traces)
    client = MlflowClient()

    def search(text):
        text = text.format(id1=traces.trace_id(1), id2=traces.trace_id(2), id3=traces.trace_id(3))
        found = client.search_traces(
            locations=[experiment_id],
            filter_string=text,
            order_by=["timestamp ASC"],
            include_spans=False,
            max_results=100,
        )
        return [t.info.tags.get("mlflow.traceName", "(nameless)") for t in found]

    for name, text in (FILTERS | ALIASES).items():
        rec.step(name, lambda: search(text))
    for name, text in BAD.items():
        rec.step(f"bad.{name}", lambda: search(text))


def prepare(traces):
    """Ten traces, one second apart; those that several filters must tell apart differ in one thing."""
    notes = {1: "it's", 2: "it''s", 3: 'say "hi"', 4: "a; b -- c", 5: "x AND y"}
    odd = {
        "key with space": "v",
        "dashed-key": "v",
        "a/b:c": "v",
        "dotted.key": "v",
        "user": "u",
        "empty": "",
    }
    for n in range(1, 11):
        if n < 10:  # without spans, so that no server can name it after its root
            traces.log(spans_of(traces, n))
        tags, metadata, fields = {}, {}, {}
        if n <= 6:
            tags["env"] = ("prod", "dev", "PROD", "prod", "probe", "x")[n - 1]
        tags |= {"note": notes[n]} if n in notes else {}
        tags |= odd if n == 1 else {}
        tags |= {"city": "Köln", "rate": "100%", "name": "t-name"} if n == 2 else {}
        tags |= {"city": "KÖLN", "rate": "1000"} if n == 3 else {}
        metadata |= {"release": ("1.2", "1.3", "2.0")[n - 1]} if n <= 3 else {}
        metadata |= {"mlflow.trace.session": "s1"} if n in (1, 2) else {}
        metadata |= {"mlflow.trace.session": "s2"} if n == 3 else {}
        metadata |= {"mlflow.trace.user": "u1"} if n in (1, 3, 4) else {}
        metadata |= {"mlflow.sourceRun": "run-7", "name": "m-name"} if n == 2 else {}
        metadata |= {"mlflow.sourceRun": "run-8"} if n == 3 else {}
        fields["client_request_id"] = f"req-{n}" if n <= 4 else None
        fields["state"] = {4: TraceState.ERROR, 5: TraceState.IN_PROGRESS}.get(n, TraceState.OK)
        fields["execution_duration"] = n * 50 if n <= 4 else None
        name = None if n == 10 else f"t{n}"
        traces.start(n, name, tags=tags, trace_metadata=metadata, assessments=assessments_of(n), **fields)
    judge(traces)


def spans_of(traces, n):
    spans = [traces.span(n, 0, "root", mlflow__spanType='"CHAIN"')]
    if n in (1, 2):
        spans.append(
            traces.span(
                n,
                1,
                "llm",
                parent=0,
                status="ERROR" if n == 2 else "OK",
                mlflow__spanType='"LLM"',
                model='"m-1"',
                mlflow__spanInputs='{"q": "find the needle"}',
            )
        )
    if n in (2, 3):
        spans.append(
            traces.span(
                n, 2, "tool", parent=0, status="UNSET" if n == 2 else "ERROR", mlflow__spanType='"TOOL"'
            )
        )
    return spans


def assessments_of(n):
    feedback = [Feedback(name=k, value=v) for k, v in FEEDBACK.get(n, {}).items()]
    expected = [Expectation(name=k, value=v) for k, v in EXPECTED.get(n, {}).items()]
    return feedback + expected


def judge(traces):
    def log(n, name, value, **more):
        return mlflow.log_feedback(trace_id=traces.trace_id(n), name=name, value=value, **more)

    log(7, "many", "a")
    log(7, "many", "b")
    log(8, "many", "a")
    old = log(7, "verdict", "old")
    mlflow.override_feedback(trace_id=old.trace_id, assessment_id=old.assessment_id, value="new")
    log(8, "verdict", "old")
    log(1, "session_verdict", "good", metadata={"mlflow.trace.session": "s1"})
    log(4, "session_verdict", "good")
    log(9, "name", "f-name")
    log(9, "run_id", "f-run")
    log(9, "text", "f-text")
    log(9, "prompt", "f-prompt")
