//! Experiments and their tags.

use std::collections::BTreeSet;

use candor_model::{Experiment, ExperimentId, ExperimentName, LifecycleStage, TimestampMs};
use candor_store::{
    ExperimentChange, ExperimentKey, ExperimentQuery, Missing, NewExperiment, Page, Result, StoreError, WorkingSet,
};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row};

use crate::convert::{experiment_id, map_from_json, map_json, time};
use crate::error::{During, corrupt, from_driver, is_duplicate};
use crate::text::{self, kept};

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT id, name, artifact_location, deleted, creation_ms, last_update_ms, tags::text FROM experiments ",
            $which
        )
    };
}

pub(crate) async fn create(pool: &PgPool, new: &NewExperiment) -> Result<ExperimentId> {
    const OPERATION: &str = "create an experiment";
    const NEXT: &str = "SELECT nextval(pg_get_serial_sequence('experiments', 'id'))";
    const INSERT: &str = "INSERT INTO experiments VALUES ($1, $2, $3, false, $4, $4, $5::jsonb)";
    let id = experiment_id(sqlx::query_scalar(NEXT).fetch_one(pool).await.during(OPERATION)?)?;
    let location = new.artifact_location.clone().unwrap_or_else(|| format!("mlflow-artifacts:/{id}"));
    let insert = sqlx::query(INSERT)
        .bind(id.get())
        .bind(kept(new.name.as_str()).into_owned())
        .bind(kept(&location).into_owned())
        .bind(new.creation_time.as_millis())
        .bind(map_json(&new.tags));
    insert.execute(pool).await.map(|_| id).map_err(|error| taken(OPERATION, &new.name, error))
}

fn taken(operation: &'static str, name: &ExperimentName, error: sqlx::Error) -> StoreError {
    match is_duplicate(&error) {
        true => StoreError::AlreadyExists { what: format!("experiment {:?}", name.as_str()) },
        false => from_driver(operation, error),
    }
}

pub(crate) async fn get(connection: &mut PgConnection, key: &ExperimentKey) -> Result<Option<Experiment>> {
    let select = match key {
        ExperimentKey::Id(id) => sqlx::query(select!("WHERE id = $1")).bind(id.get()),
        ExperimentKey::Name(name) => sqlx::query(select!("WHERE name = $1")).bind(kept(name.as_str()).into_owned()),
    };
    let row = select.fetch_optional(connection).await.during("read an experiment")?;
    row.as_ref().map(read).transpose()
}

/// Those among some ids that exist.
pub(crate) async fn of_ids(connection: &mut PgConnection, ids: BTreeSet<ExperimentId>) -> Result<Vec<Experiment>> {
    let ids: Vec<i64> = ids.into_iter().map(ExperimentId::get).collect();
    let select = sqlx::query(select!("WHERE id = ANY($1)")).bind(ids);
    select.fetch_all(connection).await.during("read experiments")?.iter().map(read).collect()
}

/// There are few experiments: the evaluator itself is fast enough, and never disagrees with itself.
pub(crate) async fn search(connection: &mut PgConnection, query: &ExperimentQuery) -> Result<Page<Experiment>> {
    let rows = sqlx::query(select!("")).fetch_all(connection).await.during("search experiments")?;
    let mut set = WorkingSet::default();
    for row in &rows {
        set.put_experiment(read(row)?);
    }
    set.search_experiments(query)
}

pub(crate) async fn update(pool: &PgPool, id: ExperimentId, change: ExperimentChange, at: TimestampMs) -> Result<()> {
    const OPERATION: &str = "update an experiment";
    const UPDATE: &str =
        "UPDATE experiments SET name = $2, deleted = $3, last_update_ms = $4, tags = $5::jsonb WHERE id = $1";
    let mut transaction = pool.begin().await.during(OPERATION)?;
    let select = sqlx::query(select!("WHERE id = $1 FOR UPDATE")).bind(id.get());
    let mut set = WorkingSet::default();
    if let Some(row) = select.fetch_optional(&mut *transaction).await.during(OPERATION)? {
        set.put_experiment(read(&row)?);
    }
    let new_name = match &change {
        ExperimentChange::Rename(name) => Some(name.clone()),
        _ => None,
    };
    if let Some(name) = &new_name
        && let Some(other) = get(&mut transaction, &ExperimentKey::Name(name.clone())).await?
    {
        set.put_experiment(other);
    }
    set.update_experiment(id, change, at)?;
    let changed = set.experiment(id).ok_or(StoreError::NotFound(Missing::Experiment(id)))?;
    let update = sqlx::query(UPDATE)
        .bind(id.get())
        .bind(kept(changed.name.as_str()).into_owned())
        .bind(changed.lifecycle_stage == LifecycleStage::Deleted)
        .bind(changed.last_update_time.as_millis())
        .bind(map_json(&changed.tags));
    let written = update.execute(&mut *transaction).await;
    written.map_err(|error| taken(OPERATION, new_name.as_ref().unwrap_or(&changed.name), error))?;
    transaction.commit().await.during(OPERATION)
}

fn read(row: &PgRow) -> Result<Experiment> {
    const OPERATION: &str = "read an experiment";
    let id = experiment_id(row.try_get(0).during(OPERATION)?)?;
    let name = ExperimentName::new(text::read(row.try_get(1).during(OPERATION)?));
    let tags = map_from_json(row.try_get(6).during(OPERATION)?);
    let deleted = row.try_get(3).during(OPERATION)?;
    Ok(Experiment {
        id,
        name: name.map_err(|error| corrupt(format!("experiment {id}"), error))?,
        artifact_location: text::read(row.try_get(2).during(OPERATION)?),
        lifecycle_stage: if deleted { LifecycleStage::Deleted } else { LifecycleStage::Active },
        creation_time: time(row.try_get(4).during(OPERATION)?),
        last_update_time: time(row.try_get(5).during(OPERATION)?),
        tags: tags.map_err(|error| corrupt(format!("experiment {id}"), error))?,
    })
}
