//! `candor export` and `candor import`: between files, through crashes, to PostgreSQL, to MLflow and back.

use std::path::Path;
use std::time::Duration;

use candor_model::{AnyValue, AssessmentBody, Span, SpanKind, Trace, Value as Verdict, keys};
use candor_sqlite::{SqliteOptions, SqliteStore};
use candor_store::conformance::samples::{
    batch, child, nanos_at, root, trace_id, trace_of_request, verdict, with_attributes,
};
use candor_store::{NewAssessment, TrackingStore};
use candor_tests::{Candor, Mlflow, Postgres};

const TRACES: u32 = 5_000;

#[test]
fn an_export_that_is_killed_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let [source, target] = ["source.db", "target.db"].map(|name| folder.path().join(name));
    fill(&source);
    let [from, to] = [&source, &target].map(|path| format!("sqlite:{}", path.display()));
    let arguments = ["export", "--store", &from, "--to", &to, "--verify"];

    let mut first = Candor::command().args(arguments).spawn().unwrap();
    while traces_in(&target) < 100 {
        assert!(first.try_wait().unwrap().is_none(), "it was done before it could be killed");
        std::thread::sleep(Duration::from_millis(5));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    let before = traces_in(&target);
    assert!(before < u64::from(TRACES), "nothing was left to do");

    let second = Candor::run(&arguments);
    let report = String::from_utf8_lossy(&second.stdout);
    assert!(second.status.success(), "{report}\n{}", String::from_utf8_lossy(&second.stderr));
    let number = |name: &str| -> u64 {
        let line = report.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {report}"));
        line.split_whitespace().last().unwrap().parse().unwrap()
    };
    assert_eq!(number("written") + number("unchanged"), u64::from(TRACES));
    // The page under way when the process died may have had its spans written, but not its infos.
    assert!(number("unchanged") + 100 >= before, "{before} were there: {report}");
    assert_eq!((number("compared"), number("different"), number("missing")), (u64::from(TRACES), 0, 0));
    assert_eq!(all_traces(&target), all_traces(&source));
}

#[test]
fn traces_come_back_from_postgres_as_they_went_though_the_first_export_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let [source, back] = ["source.db", "back.db"].map(|name| folder.path().join(name));
    fill(&source);
    let server = Postgres::start();
    let database = server.database();
    let [from, to] = [&source, &back].map(|path| format!("sqlite:{}", path.display()));

    let mut first = Candor::command().args(["export", "--store", &from, "--to", &database]).spawn().unwrap();
    let name = database.rsplit('/').next().unwrap();
    let count = "SELECT count(*) FROM traces";
    let copied = || server.try_execute(name, count).and_then(|count| count.parse::<u32>().ok()).unwrap_or_default();
    while copied() < 100 {
        assert!(first.try_wait().unwrap().is_none(), "it was done before it could be killed");
        std::thread::sleep(Duration::from_millis(5));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(copied() < TRACES, "nothing was left to do");

    let away = ["export", "--store", &from, "--to", &database];
    let home = ["import", "--from", &database, "--store", &to];
    for arguments in [away, home] {
        let output = Candor::run(&[&arguments[..], &["--verify"]].concat());
        let report = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{report}\n{}", String::from_utf8_lossy(&output.stderr));
        assert!(report.contains(&format!("compared     {TRACES}\nmissing      0\ndifferent    0")), "{report}");
    }
    assert_eq!(all_traces(&back), all_traces(&source));
}

/// What MLflow itself does not keep is listed in `docs/mlflow-compatibility.md`.
#[test]
fn traces_come_back_from_mlflow_as_they_went() {
    let folder = tempfile::tempdir().unwrap();
    let [source, back] = ["source.db", "back.db"].map(|name| folder.path().join(name));
    fill(&source);
    let mlflow = Mlflow::start();
    let remote = format!("mlflow+{}", mlflow.url());
    let [from, to] = [&source, &back].map(|path| format!("sqlite:{}", path.display()));
    for arguments in [["export", "--store", &from, "--to", &remote], ["import", "--from", &remote, "--store", &to]] {
        let output = Candor::run(&[&arguments[..], &["--verify"]].concat());
        let report = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{report}\n{}", String::from_utf8_lossy(&output.stderr));
        assert!(report.contains(&format!("written      {TRACES}")), "{report}");
    }
    let [went, came] =
        [&source, &back].map(|path| all_traces(path).into_iter().map(kept_by_mlflow).collect::<Vec<_>>());
    assert_eq!(came.len(), went.len());
    for (came, went) in came.iter().zip(&went) {
        assert_eq!(came, went);
    }
}

/// The trace without what MLflow has no place for: the kinds of spans.
fn kept_by_mlflow(mut trace: Trace) -> Trace {
    for span in &mut trace.spans {
        span.kind = SpanKind::Unspecified;
    }
    trace
}

#[test]
fn a_target_that_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source.db");
    let from = format!("sqlite:{}", source.display());
    let missing = Candor::run(&["import", "--from", &from, "--store", "sqlite:/nowhere/at/all.db"]);
    assert!(!missing.status.success());
    assert!(String::from_utf8_lossy(&missing.stderr).contains("source.db"));

    fill_some(&source, 1);
    let unwritable = Candor::run(&["import", "--from", &from, "--store", "sqlite:/nowhere/at/all.db"]);
    assert!(!unwritable.status.success());
    assert!(String::from_utf8_lossy(&unwritable.stderr).contains("/nowhere/at/all.db"));
}

fn fill(path: &Path) {
    fill_some(path, TRACES);
}

/// Traces of two spans with three assessments each, of which one overrides another.
fn fill_some(path: &Path, traces: u32) {
    on_runtime(async {
        let store = SqliteStore::open(path, SqliteOptions::default()).unwrap();
        let numbers: Vec<u32> = (1..=traces).collect();
        for numbers in numbers.chunks(500) {
            let spans = numbers.iter().flat_map(|n| {
                let answer = with_attributes(child(*n, 2, 1), &[(keys::SPAN_OUTPUTS, AnyValue::from("ответ"))]);
                [root(*n, 1), answer].map(|span| Span {
                    start: nanos_at(i64::from(*n)),
                    end: Some(nanos_at(i64::from(*n) + 100)),
                    ..span
                })
            });
            store.log_spans(batch(spans.collect())).await.unwrap();
            let infos = numbers.iter().map(|n| trace_of_request(*n, &format!("req-{n}"))).collect();
            for started in store.start_traces(infos).await.unwrap() {
                started.unwrap();
            }
            let items = numbers.iter().flat_map(|n| {
                let verdict_by = |id, user: &str, value| verdict(id, trace_id(*n), user, Verdict::Bool(value));
                let first = verdict_by(3 * n, "ann", true);
                let second = NewAssessment { supersede: true, ..verdict_by(3 * n + 1, "ann", false) };
                let mut expectation = verdict_by(3 * n + 2, "bob", true);
                expectation.body = AssessmentBody::Expectation(Verdict::from("42"));
                [first, second, expectation]
            });
            for logged in store.log_assessments(items.collect()).await.unwrap() {
                logged.unwrap();
            }
        }
        store.close().await.unwrap();
    });
}

/// The number of traces among those of [`fill`]; 0 while there is no file.
fn traces_in(path: &Path) -> u64 {
    on_runtime(async {
        let Ok(store) = SqliteStore::open_read_only(path) else { return 0 };
        store.report().await.map_or(0, |report| report.traces)
    })
}

fn all_traces(path: &Path) -> Vec<Trace> {
    let ids: Vec<_> = (1..=TRACES).map(trace_id).collect();
    on_runtime(async {
        let store = SqliteStore::open_read_only(path).unwrap();
        store.get_traces(&ids, true).await.unwrap()
    })
}

fn on_runtime<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
