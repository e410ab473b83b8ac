//! Files of every older version are read on as if they had always been of the present one.

use std::path::{Path, PathBuf};

use candor_model::{TraceId, keys};
use candor_store::conformance::arbitrary::{Experiments, data_set};
use candor_store::conformance::{block_on, samples};
use candor_store::{
    Segment, SegmentKey, SegmentQuery, StatsQuery, Target, TargetRef, TimeAxis, TimeRange, TraceSelection,
    TrackingStore,
};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use rusqlite::Connection;
use tempfile::TempDir;

use super::support::{file_in, fresh};
use crate::{SqliteOptions, SqliteStore, functions, schema};

/// Every table that some version fills by itself from others.
const DERIVED: [&str; 3] = ["feedback_hours", "trace_hours", "last_deleted_assessment"];

/// A store of the present version with a bit of everything, closed, and the traces in it.
async fn present() -> (TempDir, Vec<TraceId>) {
    let (store, directory) = fresh(SqliteOptions::default());
    let experiments = Experiments::create(&*store).await;
    let data = data_set(1, 24).new_tree(&mut TestRunner::deterministic()).unwrap().current();
    data.load(&*store, &experiments).await;
    let modelled = |number: u32, model: &str| {
        samples::with_attributes(samples::child(900, number, 900), &[(keys::SPAN_MODEL, model.into())])
    };
    let spans = vec![samples::root(900, 900), modelled(901, "m-2"), modelled(902, "m-1"), modelled(903, "m-1")];
    store.log_spans(samples::batch(spans)).await.unwrap();
    let verdict = samples::verdict(900, samples::trace_id(900), "ann", true);
    store.log_assessments(vec![verdict]).await.unwrap().remove(0).unwrap();
    store.close().await.unwrap();
    let mut ids = data.trace_ids();
    ids.push(samples::trace_id(900));
    (directory, ids)
}

/// The same content in a file of an older version, as that version would have written it.
fn as_of(version: usize, present: &Path) -> PathBuf {
    let path = present.with_file_name(format!("version-{version}.db"));
    let mut connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "application_id", schema::APPLICATION_ID).unwrap();
    functions::register(&connection).unwrap();
    schema::MIGRATIONS.to_version(&mut connection, version).unwrap();
    connection.execute("ATTACH ? AS present", [present.to_str().unwrap()]).unwrap();
    let tables: Vec<String> =
        texts(&connection, "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
    for table in tables.iter().filter(|table| !DERIVED.contains(&table.as_str())) {
        let columns = texts(&connection, &format!("SELECT name FROM pragma_table_info('{table}', 'main')"));
        // Up to version 3 triggers note who has judged a trace.
        let columns = columns.iter().filter(|column| *column != "judged_by" || version > 3);
        let columns: Vec<_> = columns.map(String::as_str).collect();
        let columns = columns.join(", ");
        // Up to version 5 spans are not compressed.
        let values = match version {
            ..=5 if table == "spans" => columns.replace("content", "candor_unpacked(content)"),
            // Up to version 6 keys are not numbered.
            ..=6 if ["trace_tags", "trace_metadata"].contains(&table.as_str()) => columns
                .replace("key", "ifnull((SELECT k.key FROM present.known_keys AS k WHERE k.number = entry.key), key)"),
            _ => columns.clone(),
        };
        let copy = format!(
            "INSERT OR REPLACE INTO main.{table} ({columns}) SELECT {values} FROM present.{table} AS entry ORDER BY 1"
        );
        connection.execute(&copy, []).unwrap();
    }
    path
}

fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    connection.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

async fn by_model(store: &SqliteStore) -> Vec<Segment> {
    let stats =
        StatsQuery { experiments: None, range: TimeRange::default(), axis: TimeAxis::Trace, source_types: vec![] };
    let stats = StatsQuery { source_types: candor_model::SourceType::ALL.to_vec(), ..stats };
    let name = "user_feedback".parse().unwrap();
    store.feedback_segments(&SegmentQuery { stats, name, by: SegmentKey::Model, min_verdicts: 1 }).await.unwrap()
}

#[test]
fn files_of_every_older_version_hold_the_same_afterwards() {
    block_on(async {
        let (directory, ids) = present().await;
        let expected = SqliteStore::open_read_only(&file_in(&directory)).unwrap();
        for version in 1..schema::version() as usize {
            let path = as_of(version, &file_in(&directory));
            let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
            let report = store.report().await.unwrap();
            assert_eq!((report.rollup_differences, report.problems.len()), (0, 0), "version {version}");
            let (old, new) =
                (store.get_traces(&ids, true).await.unwrap(), expected.get_traces(&ids, true).await.unwrap());
            assert_eq!(old, new, "version {version}");
            let (old, new) = (by_model(&store).await, by_model(&expected).await);
            assert_eq!(old, new, "version {version}");
            assert_eq!(new.len(), 2, "{new:?}");

            // What is written from now on stands beside what was there.
            let more = vec![samples::child(900, 904, 900), samples::child(900, 902, 900)];
            store.log_spans(samples::batch(more)).await.unwrap();
            let trace = store.get_traces(&[samples::trace_id(900)], true).await.unwrap().remove(0);
            assert_eq!(trace.spans.len(), 5, "version {version}");
            for span in 900..=904 {
                let target = Target { refs: vec![TargetRef::Span(samples::span_id(span))], experiment: None };
                let found = store.resolve_target(&target).await.unwrap().unwrap();
                assert_eq!(found.trace_id, samples::trace_id(900), "version {version}");
            }
            let spans = store.report().await.unwrap().spans;
            let gone = TraceSelection::Ids(vec![samples::trace_id(900)]);
            store.delete_traces(trace.info.experiment_id, gone).await.unwrap();
            let report = store.report().await.unwrap();
            assert_eq!((report.spans, report.rollup_differences), (spans - 5, 0), "version {version}");
            assert!(by_model(&store).await.is_empty(), "version {version}");
        }
    });
}
