//! No statement may walk a table that grows: checked on the plan of every statement that runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use candor_filter::{OrderBy, TraceFilter, effective_order};
use candor_model::{
    AnyValue, AssessmentId, Attributes, ExperimentId, ExperimentName, SourceType, Span, SpanId, SpanKind, SpanStatus,
    TraceInfo, UnixNanos, keys,
};
use candor_store::{
    AssessmentUpdate, CommentQuery, ExperimentChange, ExperimentKey, NewAssessment, NewExperiment, PendingQuery,
    SegmentKey, SegmentQuery, SpanBatch, SpanGroup, StatsQuery, TagChange, Target, TargetRef, TimeAxis, TimeRange,
    TraceLink, TraceQuery, TraceSelection, WhenMissing, Words,
};
use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

use super::support::{at, file_in, trace, trace_id, verdict};
use crate::schema;
use crate::search::plan::{Plan, Start, Window};
use crate::{
    SqliteOptions, arrivals, assessments, comments, connection, experiments, functions, pending, search, stats,
    targets, traces,
};

/// Few rows, ever: experiments. What SQLite makes itself. And one look whether there is any row.
const MAY_BE_SCANNED: [&str; 10] = [
    "experiments",
    "experiment_tags",
    "last_deleted_assessment", // one row
    "blocks",                  // one for 16384 traces
    "period_lengths",          // two rows
    "wanted",
    "json_each",
    "CONSTANT",
    "truth",
    "(subquery",
];
const FIRST_ROW_ONLY: &str = "SELECT 1 FROM pending_feedback LIMIT 1";

static STATEMENTS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

fn record(event: TraceEvent<'_>) {
    if let TraceEvent::Stmt(statement, _) = event {
        STATEMENTS.lock().unwrap_or_else(PoisonError::into_inner).insert(statement.sql().into_owned());
    }
}

fn database() -> (Connection, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let connection = connection::open_writer(&file_in(&directory), &schema::LAYOUT, &SqliteOptions::default()).unwrap();
    functions::register(&connection).unwrap();
    (connection, directory)
}

fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let lines = explain.raw_query().mapped(|row| row.get(3)).collect::<rusqlite::Result<_>>();
    lines.unwrap()
}

#[test]
fn no_statement_walks_a_table_that_grows() {
    let (connection, _directory) = database();
    connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(record));
    do_everything(&connection);
    connection.trace_v2(TraceEventCodes::empty(), None);
    let statements = STATEMENTS.lock().unwrap().clone();
    assert!(statements.len() > 80, "{} statements", statements.len());
    for sql in statements {
        if sql == FIRST_ROW_ONLY || sql.starts_with("--") {
            continue;
        }
        for line in plan(&connection, &sql) {
            let scanned = line.strip_prefix("SCAN ").unwrap_or("(subquery");
            let allowed = MAY_BE_SCANNED.iter().any(|table| scanned.starts_with(table));
            assert!(allowed, "{line}\n in {sql}");
        }
    }
}

fn span(number: u64) -> Span {
    let mut attributes = Attributes::default();
    attributes.insert(keys::GEN_AI_RESPONSE_ID, AnyValue::from("resp"));
    Span {
        trace_id: trace_id(number),
        span_id: SpanId::from_bytes(number.to_be_bytes()),
        parent_id: None,
        name: "ask".to_owned(),
        kind: SpanKind::Client,
        start: UnixNanos::from_nanos(5),
        end: None,
        status: SpanStatus::default(),
        attributes,
        events: Vec::new(),
        links: Vec::new(),
    }
}

/// Calls everything that reads or writes, with answers found and missing.
fn do_everything(connection: &Connection) {
    let new = |name: &str| NewExperiment {
        name: ExperimentName::new(name).unwrap(),
        artifact_location: None,
        tags: BTreeMap::from([("k".to_owned(), "v".to_owned())]),
        creation_time: at(0),
    };
    let other = experiments::create(connection, &new("other")).unwrap();
    experiments::get(connection, &ExperimentKey::Name(ExperimentName::new("other").unwrap())).unwrap().unwrap();
    for change in [
        ExperimentChange::Rename(ExperimentName::new("another").unwrap()),
        ExperimentChange::DeleteTag { key: "k".to_owned() },
        ExperimentChange::Delete,
        ExperimentChange::Restore,
    ] {
        experiments::update(connection, other, change, at(1)).unwrap();
    }

    let held = NewAssessment { when_missing: WhenMissing::Hold, ..verdict(1) };
    assessments::log(connection, held.clone()).unwrap();
    assessments::log(connection, held.clone()).unwrap();
    for id in [None, Some(held.id)] {
        pending::page(connection, &PendingQuery { id, ..PendingQuery::all(5) }).unwrap();
    }
    let whole = TraceInfo {
        client_request_id: Some("r".parse().unwrap()),
        metadata: BTreeMap::from([(keys::SESSION.to_owned(), "s".to_owned())]),
        ..trace(1)
    };
    traces::start(connection, whole.clone()).unwrap();
    traces::start(connection, TraceInfo { experiment_id: other, request_time: at(7), ..whole.clone() }).unwrap();
    traces::start(connection, whole).unwrap();
    for number in [1, 2, 2] {
        let groups = vec![SpanGroup { resource: Attributes::default(), spans: vec![span(number)] }];
        let mut batch = SpanBatch { experiment_id: other, groups };
        let contents = traces::spans::pack_contents(&mut batch).unwrap();
        traces::log_spans(connection, &batch, &contents).unwrap();
    }
    let tag = "k".parse().unwrap();
    traces::change_tag(connection, trace_id(1), TagChange::Set { key: tag, value: "v".to_owned() }).unwrap();
    traces::change_tag(connection, trace_id(1), TagChange::Delete { key: "k".to_owned() }).unwrap();
    traces::link(connection, &[trace_id(1)], &TraceLink::Run("r".to_owned())).unwrap();
    let prompt = TraceLink::PromptVersion { name: "p".to_owned(), version: "1".to_owned() };
    traces::link(connection, &[trace_id(1)], &prompt).unwrap();

    for reference in [
        TargetRef::ClientRequest("r".parse().unwrap()),
        TargetRef::Session("s".to_owned()),
        TargetRef::Span(SpanId::from_bytes(1_u64.to_be_bytes())),
        TargetRef::Response("nobody's".to_owned()),
    ] {
        for experiment in [None, Some(ExperimentId::DEFAULT)] {
            targets::resolve(connection, &Target { refs: vec![reference.clone()], experiment }).unwrap();
        }
    }

    let logged = assessments::log(connection, NewAssessment { supersede: true, ..verdict(1) }).unwrap();
    let id = logged.assessment().unwrap().id;
    assessments::log(connection, NewAssessment { overrides: Some(id), ..verdict(1) }).unwrap();
    assessments::update(connection, trace_id(1), id, AssessmentUpdate::default(), at(9)).unwrap();
    assessments::get(connection, trace_id(1), AssessmentId::from_bytes([9; 16])).unwrap_err();
    assessments::delete(connection, trace_id(1), id).unwrap();
    traces::row::get(connection, &[1, 2].map(trace_id), true).unwrap();

    for axis in [TimeAxis::Trace, TimeAxis::Feedback] {
        let range = TimeRange { from: Some(at(1)), until: Some(at(9)) };
        let query = StatsQuery { experiments: None, range, axis, source_types: vec![SourceType::Human] };
        count_everything(connection, &query);
    }
    search_everything(connection);
    for selection in [
        TraceSelection::Ids(vec![trace_id(1)]),
        TraceSelection::Until { max_request_time: at(9_999), max_traces: Some(5) },
    ] {
        traces::delete(connection, ExperimentId::DEFAULT, &selection).unwrap();
    }
}

fn count_everything(connection: &Connection, query: &StatsQuery) {
    stats::count(connection, query).unwrap();
    stats::values(connection, query).unwrap();
    for by in
        [SegmentKey::User, SegmentKey::Source, SegmentKey::Model, SegmentKey::Prompt, SegmentKey::Tag("k".to_owned())]
    {
        let name = "user_feedback".parse().unwrap();
        stats::segments(connection, &SegmentQuery { stats: query.clone(), name, by, min_verdicts: 1 }).unwrap();
    }
    let comments = CommentQuery {
        stats: query.clone(),
        verdict: None,
        name: None,
        words: Words::default(),
        max_results: 1,
        page_token: None,
    };
    comments::page(connection, &comments).unwrap();
    for after in [None, Some(0)] {
        arrivals::since(connection, after, 9).unwrap();
    }
}

const FILTERS: [&str; 31] = [
    "",
    "timestamp_ms > 5 AND timestamp_ms <= 7.5",
    "execution_time_ms = 5",
    "end_time_ms >= 5",
    "status = 'OK'",
    "status NOT IN ('OK', 'ERROR')",
    "request_id = 'tr-00000000000000000000000000000001'",
    "request_id IN ('tr-00000000000000000000000000000001', 'x')",
    "request_id LIKE 'tr-%'",
    "client_request_id = 'r'",
    "client_request_id IN ('r')",
    "name = 'n'",
    "name ILIKE 'n%'",
    "run_id = 'r'",
    "prompt = 'p/1'",
    "tags.k = 'v'",
    "tags.k IS NULL",
    "tags.k IS NOT NULL",
    "tags.mlflow.artifactLocation = 'v'",
    "metadata.k RLIKE 'v+'",
    "metadata.mlflow.trace.session = 's'",
    "span.name = 'ask' AND span.content LIKE '%x%' AND timestamp_ms > 20000",
    "span.attributes.k != 'v'",
    "feedback.user_feedback = 'false'",
    "feedback.user_feedback != 'false' AND timestamp_ms > 5",
    "feedback.stars >= 4",
    "feedback.f LIKE '%x%'",
    "feedback.f IS NULL",
    "feedback.f IS NOT NULL",
    "expectation.e = '5'",
    "issue.id = 'i'",
];

fn search_everything(connection: &Connection) {
    for order in [&[][..], &["timestamp_ms ASC"], &["name DESC"], &["execution_time_ms ASC", "tags.k ASC"]] {
        let order: Vec<String> = order.iter().map(|item| (*item).to_owned()).collect();
        for filter in FILTERS {
            for budget in [0, i64::MAX] {
                let mut query = TraceQuery {
                    experiments: vec![ExperimentId::DEFAULT, ExperimentId::new(1).unwrap()],
                    filter: TraceFilter::parse(filter).unwrap(),
                    order_by: OrderBy::parse_list(&order).unwrap(),
                    max_results: 1,
                    page_token: None,
                };
                query.page_token = search::traces(connection, &query, budget).unwrap().next_page_token;
                search::traces(connection, &query, budget).unwrap();
            }
        }
    }
}

#[track_caller]
fn check(filter: &str, from_index: bool, expected: &[&str]) {
    let (connection, _directory) = database();
    let filter = TraceFilter::parse(filter).unwrap();
    let order = effective_order(&[]);
    let experiments = [ExperimentId::DEFAULT];
    let plan_of =
        Plan { filter: &filter, experiments: &experiments, order: &order, after: None, limit: 100, budget: 1024 };
    let everywhere = Window::default();
    let start = match plan_of.drivers(0, &everywhere).pop() {
        Some((place, driver)) if from_index => Start::Index(place, driver),
        _ => Start::Walk,
    };
    let statement = plan_of.select(0, start, &everywhere, 100).unwrap();
    assert_eq!(plan(&connection, &statement.text), expected);
}

#[test]
fn newest_traces_come_from_the_index_on_times_without_sorting() {
    check("", false, &["SEARCH t USING COVERING INDEX traces_by_time (experiment_id=?)"]);
    check(
        "timestamp_ms >= 5",
        false,
        &["SEARCH t USING COVERING INDEX traces_by_time (experiment_id=? AND request_ms>?)"],
    );
}

#[test]
fn frequent_values_are_checked_trace_by_trace_without_sorting() {
    check(
        "feedback.user_feedback = 'false'",
        false,
        &[
            "SEARCH t USING INDEX traces_by_time (experiment_id=?)",
            "CORRELATED SCALAR SUBQUERY 1",
            "SEARCH a USING INDEX assessments_by_trace (trace_pk=? AND name=?)",
            "CORRELATED SCALAR SUBQUERY 2",
            "SEARCH a USING INDEX assessments_for_session (kind=? AND name=? AND session=?)",
        ],
    );
}

#[test]
fn rare_values_come_from_the_index_on_names_and_values() {
    check(
        "feedback.user_feedback = 'false'",
        true,
        &[
            "SEARCH t USING INTEGER PRIMARY KEY (rowid=?)",
            "LIST SUBQUERY 2",
            "COMPOUND QUERY",
            "LEFT-MOST SUBQUERY",
            "SEARCH a USING COVERING INDEX assessments_by_value (experiment_id=? AND kind=? AND name=? AND value_head=?)",
            "CREATE BLOOM FILTER",
            "UNION ALL",
            "SEARCH a USING INDEX assessments_for_session (kind=? AND name=? AND session>?)",
            "SEARCH other USING INDEX traces_by_session (session=?)",
            "CREATE BLOOM FILTER",
            "USE TEMP B-TREE FOR ORDER BY",
        ],
    );
}

#[test]
fn sessions_come_from_the_index_on_their_column() {
    check(
        "metadata.`mlflow.trace.session` = 's'",
        true,
        &[
            "SEARCH t USING INTEGER PRIMARY KEY (rowid=?)",
            "LIST SUBQUERY 1",
            "SEARCH t USING COVERING INDEX traces_by_session (session=?)",
            "CREATE BLOOM FILTER",
            "USE TEMP B-TREE FOR ORDER BY",
        ],
    );
}

#[test]
fn who_walks_takes_tags_of_the_traces_he_meets_from_their_index() {
    let (connection, _directory) = database();
    let filter = TraceFilter::parse("tags.env = 'lab'").unwrap();
    let order = effective_order(&[]);
    let experiments = [ExperimentId::DEFAULT];
    let plan_of =
        Plan { filter: &filter, experiments: &experiments, order: &order, after: None, limit: 100, budget: 1024 };
    let everywhere = Window::default();
    let (place, driver) = plan_of.drivers(0, &everywhere).remove(0);
    let start = Start::WalkWith(place, driver.between(1, 9).unwrap());
    let statement = plan_of.select(0, start, &everywhere, 100).unwrap();
    assert_eq!(
        plan(&connection, &statement.text),
        [
            "SEARCH t USING COVERING INDEX traces_by_time (experiment_id=?)",
            "LIST SUBQUERY 1",
            "SEARCH e USING INDEX trace_tags_by_value (key=? AND value_head=? AND trace_pk>? AND trace_pk<?)",
            "CREATE BLOOM FILTER",
        ],
    );
}

#[test]
fn counting_reads_indexes_only_and_sorts_nothing() {
    let (connection, _directory) = database();
    let ([feedback_by_day, _], [traces_by_day, _]) = (stats::FEEDBACK_PERIODS, stats::TRACE_PERIODS);
    let of_traces: &[&str] = &[
        "SEARCH t USING COVERING INDEX traces_by_time (experiment_id=? AND request_ms>? AND request_ms<?)",
        "SEARCH a USING COVERING INDEX assessments_by_trace (trace_pk=?)",
    ];
    for (sql, expected) in [
        (stats::BY_TRACE_TIME, of_traces),
        (
            stats::BY_TIME,
            &["SEARCH a USING COVERING INDEX assessments_by_time (experiment_id=? AND create_ms>? AND create_ms<?)"],
        ),
        (
            stats::TRACES,
            &["SEARCH traces USING COVERING INDEX traces_by_time (experiment_id=? AND request_ms>? AND request_ms<?)"],
        ),
        (
            feedback_by_day,
            &["SEARCH feedback_periods USING PRIMARY KEY (experiment_id=? AND hours=? AND hour>? AND hour<?)"],
        ),
        (
            traces_by_day,
            &["SEARCH trace_periods USING PRIMARY KEY (experiment_id=? AND hours=? AND hour>? AND hour<?)"],
        ),
    ] {
        let plan = plan(&connection, sql);
        assert_eq!(plan[0], expected[0]);
        let searches: Vec<&String> = plan.iter().filter(|line| line.starts_with("SEARCH")).collect();
        assert_eq!(searches, expected, "{plan:#?}");
        assert!(!plan.iter().any(|line| line.starts_with("SCAN") && !line.contains("json_each")), "{plan:#?}");
        assert!(!plan.iter().any(|line| line.contains("TEMP B-TREE")), "{plan:#?}");
    }
}

#[test]
fn every_id_is_looked_up_in_its_own_index() {
    let (connection, _directory) = database();
    for (sql, index) in [
        (targets::BY_TRACE, "sqlite_autoindex_traces_1 (trace_id=?)"),
        (targets::BY_CLIENT_REQUEST, "traces_by_client_request (client_request_id=?)"),
        (targets::BY_SESSION, "traces_by_session (session=?)"),
        (targets::BY_SPAN, "spans_by_id (block=? AND span_id=?)"),
        (targets::BY_RESPONSE, "spans_by_response (response_id=?)"),
    ] {
        let plan = plan(&connection, sql);
        assert!(plan.iter().any(|line| line.ends_with(index)), "{plan:#?}");
    }
}
