//! Ways to find traces from indexes on what clauses ask for.

use candor_filter::{AttributeField, Clause, KeyTest, TextMatch, TextTest};
use candor_model::{ExperimentId, keys};

use super::sql::Sql;
use super::{assessments, clauses};
use crate::traces::known_keys;

/// A way to find the traces that fulfil a clause, and only those.
#[derive(Debug)]
pub(crate) struct Driver {
    /// The entries of the index that would be visited, for counting.
    pub(crate) entries: Sql,
    /// The numbers of the traces.
    pub(crate) traces: Sql,
    /// Entries of the index `a` by `trace_ms`, one stretch for each value; none when they are not.
    pub(crate) in_time_order: Vec<Sql>,
    /// Whether the entries stand in the order of the traces' numbers, `e.trace_pk`.
    pub(super) in_trace_order: bool,
}

impl Driver {
    /// Column `pk` of `source`, which begins with ` FROM`.
    fn new(pk: &'static str, source: Sql) -> Self {
        Self {
            entries: Sql::new("SELECT 1").append(source.clone()),
            traces: Sql::new("SELECT ").push(pk).append(source),
            in_time_order: Vec::new(),
            in_trace_order: false,
        }
    }

    /// The same for traces of certain numbers, when the index can be searched by them.
    pub(crate) fn between(&self, first: i64, last: i64) -> Option<Self> {
        let narrowed =
            |source: &Sql| source.clone().push(" AND e.trace_pk BETWEEN ").bind(first).push(" AND ").bind(last);
        self.in_trace_order.then(|| Self {
            entries: narrowed(&self.entries),
            traces: narrowed(&self.traces),
            in_time_order: Vec::new(),
            in_trace_order: true,
        })
    }
}

/// The traces of an experiment that fulfil the clause; `None` when no index knows.
///
/// `inside` narrows the times of traces, and may be left out of consideration. `experiments` are all
/// that are searched.
pub(crate) fn of_clause(
    experiment: i64,
    clause: &Clause,
    inside: &[Sql],
    experiments: &[ExperimentId],
) -> Option<Driver> {
    const BY_CLIENT_REQUEST: &str =
        " FROM traces AS t INDEXED BY traces_by_client_request WHERE t.client_request_id IS NOT NULL AND ";
    match clause {
        Clause::Assessment { kind, name, test } => {
            assessments::driver(experiment, *kind, name, test, inside, experiments)
        }
        Clause::Attribute { field: AttributeField::TraceId, test } if is_equality(test) => Some(Driver::new(
            "t.pk",
            Sql::new(" FROM traces AS t WHERE ").append(clauses::condition(clause, experiments)?),
        )),
        Clause::Attribute { field: AttributeField::ClientRequestId, test } if is_equality(test) => {
            Some(Driver::new("t.pk", Sql::new(BY_CLIENT_REQUEST).append(clauses::condition(clause, experiments)?)))
        }
        Clause::Name(test) => tagged(keys::TRACE_NAME, test),
        Clause::Tag { key, test } => tagged(key, test),
        Clause::Metadata { key, test } if key == keys::SESSION => in_session(test),
        Clause::Metadata { key, test } => described(key, test),
        Clause::RunId(test @ KeyTest::Match(TextMatch::Eq(run))) => {
            let logged = described(keys::SOURCE_RUN, test)?;
            let linked =
                Sql::new(" UNION ALL SELECT e.trace_pk FROM trace_runs AS e WHERE e.run_id = ").bind(run.clone());
            Some(Driver {
                entries: logged.entries.append(linked.clone()),
                traces: logged.traces.append(linked),
                in_time_order: Vec::new(),
                in_trace_order: false,
            })
        }
        Clause::Prompt { name, version } if !name.contains('/') => {
            let linked = Sql::new(" FROM trace_prompts AS e WHERE e.prompt = ").bind(format!("{name}/{version}"));
            Some(Driver::new("e.trace_pk", linked))
        }
        _ => None,
    }
}

fn is_equality(test: &TextTest) -> bool {
    matches!(test, TextTest::Match(TextMatch::Eq(_)) | TextTest::In { negated: false, .. })
}

fn in_session(test: &KeyTest) -> Option<Driver> {
    const ENTRIES: &str = " FROM traces AS t INDEXED BY traces_by_session WHERE t.session IS NOT NULL AND ";
    let is_indexed = matches!(test, KeyTest::Match(TextMatch::Eq(_)) | KeyTest::IsNull { negated: true });
    is_indexed.then(|| Driver::new("t.pk", Sql::new(ENTRIES).append(clauses::session(test))))
}

fn tagged(key: &str, test: &KeyTest) -> Option<Driver> {
    const ENTRIES: &str = " FROM trace_tags AS e INDEXED BY trace_tags_by_value \
        WHERE e.key NOT IN (1, 2)"; // the numbers of the two below
    let indexed = ![keys::ARTIFACT_LOCATION, keys::SPANS_LOCATION].contains(&key);
    keyed(ENTRIES, key, test).filter(|_| indexed)
}

fn described(key: &str, test: &KeyTest) -> Option<Driver> {
    const ENTRIES: &str = " FROM trace_metadata AS e INDEXED BY trace_metadata_by_value \
        WHERE e.key NOT IN (4, 5, 6)"; // the numbers of the two below, and of sessions
    let indexed = ![keys::INFO_FINALIZED, keys::SIZE_STATS].contains(&key);
    keyed(ENTRIES, key, test).filter(|_| indexed)
}

fn keyed(entries: &'static str, key: &str, test: &KeyTest) -> Option<Driver> {
    let entries = Sql::new(entries).push(" AND e.key = ").bind(known_keys::stored(key));
    match test {
        KeyTest::Match(TextMatch::Eq(wanted)) => {
            // The head is in the index, the rest of a long text is not.
            let fitting = entries
                .push(" AND e.value_head = substr(")
                .bind(wanted.clone())
                .push(", 1, 100) AND e.value = ")
                .bind(wanted.clone());
            Some(Driver { in_trace_order: true, ..Driver::new("e.trace_pk", fitting) })
        }
        KeyTest::IsNull { negated: true } => Some(Driver::new("e.trace_pk", entries)),
        _ => None,
    }
}
