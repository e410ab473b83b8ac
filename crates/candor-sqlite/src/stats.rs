//! Counts of feedback, from two indexes that hold all that is counted.

use std::collections::{HashMap, HashSet};

use candor_model::AssessmentName;
use candor_store::{FeedbackStats, NameStats, Result, StatsQuery, TimeAxis};
use rusqlite::{Connection, params};

use crate::convert::source_code;
use crate::error::{During, corrupt};
use crate::statements::Statements;

macro_rules! counted {
    ($index:literal, $time:literal) => {
        concat!(
            "SELECT trace_pk, name, value_type, value_num, source_type FROM assessments INDEXED BY ",
            $index,
            " WHERE valid = 1 AND counted = 1",
            " AND experiment_id = ?1 AND ",
            $time,
            " >= ?2 AND (",
            $time,
            " < ?3 OR ?3 IS NULL) ORDER BY ",
            $time,
            ", trace_pk"
        )
    };
}

pub(crate) const BY_TRACE_TIME: &str = counted!("assessments_by_trace_time", "trace_ms");
pub(crate) const BY_TIME: &str = counted!("assessments_by_time", "create_ms");
pub(crate) const TRACES: &str = "
    SELECT count(*) FROM traces INDEXED BY traces_by_time
    WHERE experiment_id = ?1 AND request_ms >= ?2 AND (request_ms < ?3 OR ?3 IS NULL)";

pub(crate) fn count(connection: &Connection, query: &StatsQuery) -> Result<FeedbackStats> {
    let mut experiments = match &query.experiments {
        Some(ids) => ids.iter().map(|id| id.get()).collect(),
        None => all_experiments(connection)?,
    };
    experiments.sort_unstable();
    experiments.dedup();

    let mut stats = FeedbackStats::default();
    let mut names = HashMap::new();
    for experiment in experiments {
        stats.traces += count_traces(connection, experiment, query)?;
        stats.traces_with_feedback += count_verdicts(connection, experiment, query, &mut names)?;
    }
    stats.names = names.into_values().collect();
    stats.names.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(stats)
}

fn count_traces(connection: &Connection, experiment: i64, query: &StatsQuery) -> Result<u64> {
    let (from, until) = bounds(query);
    let count = connection.first(TRACES, params![experiment, from, until], |row| row.get::<_, i64>(0));
    Ok(count.during("count traces")?.unwrap_or_default().cast_unsigned())
}

/// Counts an experiment's verdicts into `names`, and returns the number of traces that they are on.
fn count_verdicts(
    connection: &Connection,
    experiment: i64,
    query: &StatsQuery,
    names: &mut HashMap<String, NameStats>,
) -> Result<u64> {
    const OPERATION: &str = "count feedback";
    let (from, until) = bounds(query);
    let wanted: Vec<i64> = query.source_types.iter().map(|source| source_code(*source)).collect();
    let sql = match query.axis {
        TimeAxis::Trace => BY_TRACE_TIME,
        TimeAxis::Feedback => BY_TIME,
    };
    let mut select = connection.prepare_cached(sql).during(OPERATION)?;
    let mut rows = select.query(params![experiment, from, until]).during(OPERATION)?;
    let mut traces = Traces::new(query.axis);
    while let Some(row) = rows.next().during(OPERATION)? {
        if !wanted.contains(&row.get(4).during(OPERATION)?) {
            continue;
        }
        traces.add(row.get(0).during(OPERATION)?);
        let name = row.get_ref(1).and_then(|name| Ok(name.as_str()?)).during(OPERATION)?;
        let counts = match names.get_mut(name) {
            Some(counts) => counts,
            None => {
                let parsed = AssessmentName::new(name).map_err(|error| corrupt("name of an assessment", error))?;
                names.entry(name.to_owned()).or_insert(NameStats::new(parsed))
            }
        };
        counts.count += 1;
        match row.get::<_, i64>(2).during(OPERATION)? {
            1 => counts.negative += 1,
            2 => counts.positive += 1,
            _ => {
                if let Some(number) = row.get::<_, Option<f64>>(3).during(OPERATION)? {
                    counts.numbers += 1;
                    counts.sum += number;
                }
            }
        }
    }
    Ok(traces.count())
}

/// Counts traces once: by adjacency where the index keeps a trace's verdicts together.
enum Traces {
    Adjacent { last: Option<i64>, count: u64 },
    Scattered(HashSet<i64>),
}

impl Traces {
    fn new(axis: TimeAxis) -> Self {
        match axis {
            TimeAxis::Trace => Self::Adjacent { last: None, count: 0 },
            TimeAxis::Feedback => Self::Scattered(HashSet::new()),
        }
    }

    fn add(&mut self, trace_pk: i64) {
        match self {
            Self::Adjacent { last, count } => {
                if last.replace(trace_pk) != Some(trace_pk) {
                    *count += 1;
                }
            }
            Self::Scattered(seen) => drop(seen.insert(trace_pk)),
        }
    }

    fn count(&self) -> u64 {
        match self {
            Self::Adjacent { count, .. } => *count,
            Self::Scattered(seen) => seen.len() as u64,
        }
    }
}

fn bounds(query: &StatsQuery) -> (i64, Option<i64>) {
    let from = query.range.from.map_or(i64::MIN, |from| from.as_millis());
    (from, query.range.until.map(|until| until.as_millis()))
}

fn all_experiments(connection: &Connection) -> Result<Vec<i64>> {
    connection.all("SELECT id FROM experiments", [], |row| row.get(0)).during("list experiments")
}
