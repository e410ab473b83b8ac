//! Experiments and their tags.

use std::collections::BTreeMap;

use candor_filter::{
    PageToken, QueryId, compare_experiment_values, compare_experiments, effective_experiment_order,
    experiment_sort_values,
};
use candor_model::{Experiment, ExperimentId, ExperimentName, LifecycleStage, TimestampMs};
use candor_store::{
    ExperimentChange, ExperimentKey, ExperimentQuery, ExperimentView, Missing, NewExperiment, Page, Result, StoreError,
};
use rusqlite::{Connection, Row, params};

use crate::convert::{experiment_id, time};
use crate::error::{BACKEND, During, corrupt};
use crate::statements::Statements;

pub(crate) fn create(connection: &Connection, new: &NewExperiment) -> Result<ExperimentId> {
    const OPERATION: &str = "create an experiment";
    check_name_is_free(connection, &new.name, None)?;
    // Experiments are never removed, so the highest id is the last that was given.
    let last: Option<i64> =
        connection.first("SELECT max(id) FROM experiments", [], |row| row.get(0)).during(OPERATION)?;
    let id = last.unwrap_or(0).checked_add(1).and_then(ExperimentId::new).ok_or_else(|| StoreError::Backend {
        backend: BACKEND,
        operation: OPERATION,
        source: "no ids are left".into(),
    })?;
    let location = new.artifact_location.clone().unwrap_or_else(|| format!("mlflow-artifacts:/{id}"));
    let created = new.creation_time.as_millis();
    const INSERT: &str = "INSERT INTO experiments VALUES (?, ?, ?, 0, ?, ?)";
    connection.run(INSERT, params![id.get(), new.name.as_str(), location, created, created]).during(OPERATION)?;
    for (key, value) in &new.tags {
        set_tag(connection, id, key, value)?;
    }
    Ok(id)
}

pub(crate) fn get(connection: &Connection, key: &ExperimentKey) -> Result<Option<Experiment>> {
    const OPERATION: &str = "read an experiment";
    let row = match key {
        ExperimentKey::Id(id) => return find(connection, *id),
        ExperimentKey::Name(name) => {
            connection.first("SELECT * FROM experiments WHERE name = ?", [name.as_str()], columns).during(OPERATION)?
        }
    };
    row.map(|columns| with_tags(connection, columns)).transpose()
}

/// The experiment with its tags.
pub(crate) fn find(connection: &Connection, id: ExperimentId) -> Result<Option<Experiment>> {
    select(connection, id)?.map(|columns| with_tags(connection, columns)).transpose()
}

/// The experiment without its tags, which the rules for traces do not look at.
pub(crate) fn find_bare(connection: &Connection, id: ExperimentId) -> Result<Experiment> {
    let columns = select(connection, id)?.ok_or(StoreError::NotFound(Missing::Experiment(id)))?;
    columns.into_experiment(BTreeMap::new())
}

pub(crate) fn search(connection: &Connection, query: &ExperimentQuery) -> Result<Page<Experiment>> {
    const OPERATION: &str = "search experiments";
    crate::search::check_page_size(query.max_results)?;
    let order = effective_experiment_order(&query.order_by);
    let (active, deleted, view) = match query.view {
        ExperimentView::ActiveOnly => (true, false, "active"),
        ExperimentView::DeletedOnly => (false, true, "deleted"),
        ExperimentView::All => (true, true, "all"),
    };
    let query_id = QueryId::experiments(&query.filter, &order, view);
    let after = query.page_token.as_deref().map(|token| PageToken::decode(token, query_id)).transpose()?.flatten();

    const SELECT: &str = "SELECT * FROM experiments WHERE (deleted = 0 AND ?1) OR (deleted = 1 AND ?2)";
    let rows: Vec<_> = connection.all(SELECT, [active, deleted], columns).during(OPERATION)?;
    let mut tags = all_tags(connection)?;
    // There are few experiments: the evaluator itself is fast enough, and never disagrees with itself.
    let mut found = Vec::new();
    for columns in rows {
        let tags = tags.remove(&columns.id).unwrap_or_default();
        let experiment = columns.into_experiment(tags)?;
        let is_after = after.as_ref().is_none_or(|token| {
            compare_experiment_values(&order, &experiment_sort_values(&order, &experiment), &token.last).is_gt()
        });
        if is_after && query.filter.matches(&experiment) {
            found.push(experiment);
        }
    }
    found.sort_by(|a, b| compare_experiments(&order, a, b));
    let more = found.len() > query.max_results;
    found.truncate(query.max_results);
    let last = found.last().filter(|_| more);
    let next_page_token = last.map(|last| PageToken { last: experiment_sort_values(&order, last) }.encode(query_id));
    Ok(Page { items: found, next_page_token })
}

pub(crate) fn update(
    connection: &Connection,
    id: ExperimentId,
    change: ExperimentChange,
    at: TimestampMs,
) -> Result<()> {
    const OPERATION: &str = "update an experiment";
    let not_found = || StoreError::NotFound(Missing::Experiment(id));
    let is_deleted = select(connection, id)?.ok_or_else(not_found)?.deleted;
    let set_deleted = |deleted: bool| {
        connection
            .run("UPDATE experiments SET deleted = ?2 WHERE id = ?1", params![id.get(), deleted])
            .during(OPERATION)
    };
    match change {
        ExperimentChange::Delete if is_deleted => return Err(not_found()),
        ExperimentChange::Delete => drop(set_deleted(true)?),
        ExperimentChange::Restore if !is_deleted => return Err(not_found()),
        ExperimentChange::Restore => drop(set_deleted(false)?),
        _ if is_deleted => return Err(StoreError::ExperimentDeleted { id }),
        ExperimentChange::Rename(name) => {
            check_name_is_free(connection, &name, Some(id))?;
            connection
                .run("UPDATE experiments SET name = ?2 WHERE id = ?1", params![id.get(), name.as_str()])
                .during(OPERATION)?;
        }
        ExperimentChange::SetTag { key, value } => set_tag(connection, id, key.as_str(), &value)?,
        ExperimentChange::DeleteTag { key } => {
            const DELETE: &str = "DELETE FROM experiment_tags WHERE experiment_id = ? AND key = ?";
            let deleted = connection.run(DELETE, params![id.get(), key]).during(OPERATION)?;
            if deleted == 0 {
                return Err(StoreError::NotFound(Missing::ExperimentTag { key, experiment: id }));
            }
        }
    }
    connection
        .run("UPDATE experiments SET last_update_ms = ?2 WHERE id = ?1", params![id.get(), at.as_millis()])
        .during(OPERATION)
        .map(drop)
}

fn set_tag(connection: &Connection, id: ExperimentId, key: &str, value: &str) -> Result<()> {
    connection
        .run("INSERT OR REPLACE INTO experiment_tags VALUES (?, ?, ?)", params![id.get(), key, value])
        .during("tag an experiment")
        .map(drop)
}

/// An experiment may be given the name that it has.
fn check_name_is_free(connection: &Connection, name: &ExperimentName, own: Option<ExperimentId>) -> Result<()> {
    let owner: Option<i64> = connection
        .first("SELECT id FROM experiments WHERE name = ?", [name.as_str()], |row| row.get(0))
        .during("look an experiment up")?;
    match owner {
        Some(owner) if own.map(ExperimentId::get) != Some(owner) => {
            Err(StoreError::AlreadyExists { what: format!("experiment {:?}", name.as_str()) })
        }
        _ => Ok(()),
    }
}

struct Columns {
    id: i64,
    name: String,
    artifact_location: String,
    deleted: bool,
    creation_ms: i64,
    last_update_ms: i64,
}

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok(Columns {
        id: row.get(0)?,
        name: row.get(1)?,
        artifact_location: row.get(2)?,
        deleted: row.get(3)?,
        creation_ms: row.get(4)?,
        last_update_ms: row.get(5)?,
    })
}

impl Columns {
    fn into_experiment(self, tags: BTreeMap<String, String>) -> Result<Experiment> {
        let name = ExperimentName::new(self.name);
        Ok(Experiment {
            id: experiment_id(self.id)?,
            name: name.map_err(|error| corrupt(format!("experiment {}", self.id), error))?,
            artifact_location: self.artifact_location,
            lifecycle_stage: if self.deleted { LifecycleStage::Deleted } else { LifecycleStage::Active },
            creation_time: time(self.creation_ms),
            last_update_time: time(self.last_update_ms),
            tags,
        })
    }
}

fn select(connection: &Connection, id: ExperimentId) -> Result<Option<Columns>> {
    connection.first("SELECT * FROM experiments WHERE id = ?", [id.get()], columns).during("read an experiment")
}

fn with_tags(connection: &Connection, columns: Columns) -> Result<Experiment> {
    const SELECT: &str = "SELECT key, value FROM experiment_tags WHERE experiment_id = ?";
    let tags = connection
        .all(SELECT, [columns.id], |row| Ok((row.get(0)?, row.get(1)?)))
        .during("read an experiment's tags")?;
    columns.into_experiment(tags)
}

fn all_tags(connection: &Connection) -> Result<BTreeMap<i64, BTreeMap<String, String>>> {
    const SELECT: &str = "SELECT experiment_id, key, value FROM experiment_tags";
    let rows: Vec<(i64, String, String)> = connection
        .all(SELECT, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .during("read the experiments' tags")?;
    let mut tags: BTreeMap<i64, BTreeMap<String, String>> = BTreeMap::new();
    for (id, key, value) in rows {
        tags.entry(id).or_default().insert(key, value);
    }
    Ok(tags)
}
