//! Changes of traces that need no more than a statement or two.

use std::collections::HashMap;

use candor_model::{ExperimentId, TraceId, TraceInfo};
use candor_store::{Missing, Result, StoreError, TagChange, TraceLink, TraceSelection};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{Place, read};
use crate::convert::{trace_id, trace_uuid, trace_uuids};
use crate::error::During;
use crate::locks;
use crate::rollups::Changes;
use crate::text::kept;

pub(crate) async fn tag(pool: &PgPool, id: TraceId, change: TagChange) -> Result<()> {
    const OPERATION: &str = "tag a trace";
    const SET: &str = "UPDATE traces SET tags = tags || jsonb_build_object($2::text, $3::text) WHERE trace_id = $1";
    const DELETE: &str = "UPDATE traces SET tags = tags - $2 WHERE trace_id = $1 AND tags ->> $2 IS NOT NULL";
    // Batches of spans write tags they have read before.
    let mut transaction = pool.begin().await.during(OPERATION)?;
    locks::take_traces(&mut transaction, [id]).await.during(OPERATION)?;
    let change_of = |sql, key: &str| sqlx::query(sql).bind(trace_uuid(id)).bind(kept(key).into_owned());
    let (statement, missing) = match change {
        TagChange::Set { key, value } => {
            (change_of(SET, key.as_str()).bind(kept(&value).into_owned()), Missing::Trace(id))
        }
        TagChange::Delete { key } => (change_of(DELETE, &key), Missing::TraceTag { key, trace: id }),
    };
    let changed = statement.execute(&mut *transaction).await.during(OPERATION)?.rows_affected();
    if changed == 0 {
        let exists = "SELECT EXISTS (SELECT 1 FROM traces WHERE trace_id = $1)";
        let exists = sqlx::query_scalar(exists).bind(trace_uuid(id)).fetch_one(&mut *transaction).await;
        let missing = if exists.during(OPERATION)? { missing } else { Missing::Trace(id) };
        return Err(StoreError::NotFound(missing));
    }
    transaction.commit().await.during(OPERATION)
}

pub(crate) async fn link(pool: &PgPool, ids: &[TraceId], link: &TraceLink) -> Result<()> {
    const OPERATION: &str = "link traces";
    const TO_RUN: &str = "UPDATE traces SET runs = runs || $2 WHERE trace_id = ANY($1) AND NOT runs @> ARRAY[$2]";
    const TO_PROMPT: &str =
        "UPDATE traces SET prompts = prompts || $2 WHERE trace_id = ANY($1) AND NOT prompts @> ARRAY[$2]";
    let (sql, value) = match link {
        TraceLink::Run(run) => (TO_RUN, run.clone()),
        TraceLink::PromptVersion { name, version } => (TO_PROMPT, format!("{name}/{version}")),
    };
    let mut transaction = pool.begin().await.during(OPERATION)?;
    locks::take_traces(&mut transaction, ids.iter().copied()).await.during(OPERATION)?;
    let update = sqlx::query(sql).bind(trace_uuids(ids)).bind(kept(&value).into_owned());
    update.execute(&mut *transaction).await.during(OPERATION)?;
    transaction.commit().await.during(OPERATION)
}

pub(crate) async fn delete(pool: &PgPool, experiment: ExperimentId, selection: &TraceSelection) -> Result<u64> {
    const OPERATION: &str = "delete traces";
    const BY_ID: &str = "SELECT trace_id FROM traces WHERE experiment_id = $1 AND trace_id = ANY($2)";
    const OLDEST: &str = "
        SELECT trace_id FROM traces WHERE experiment_id = $1 AND request_ms <= $2
        ORDER BY request_ms, trace_id LIMIT $3";
    let mut transaction = pool.begin().await.during(OPERATION)?;
    let doomed = match selection {
        TraceSelection::Ids(ids) => sqlx::query_scalar(BY_ID).bind(experiment.get()).bind(trace_uuids(ids)),
        TraceSelection::Until { max_request_time, max_traces } => sqlx::query_scalar(OLDEST)
            .bind(experiment.get())
            .bind(max_request_time.as_millis())
            .bind(max_traces.map(i64::from)),
    };
    let doomed: Vec<Uuid> = doomed.fetch_all(&mut *transaction).await.during(OPERATION)?;
    let ids: Vec<TraceId> = doomed.into_iter().map(trace_id).collect();
    locks::take_traces(&mut transaction, ids.iter().copied()).await.during(OPERATION)?;
    // They may have changed or gone meanwhile.
    let infos = read::outlines(&mut transaction, &ids).await?;
    let infos: HashMap<_, _> = infos.into_iter().filter(|(_, info)| info.experiment_id == experiment).collect();
    remove(&mut transaction, infos.values()).await?;
    transaction.commit().await.during(OPERATION)?;
    Ok(infos.len() as u64)
}

async fn remove(connection: &mut PgConnection, infos: impl Iterator<Item = &TraceInfo> + Clone) -> Result<()> {
    const DELETE: [&str; 3] = [
        "DELETE FROM assessments WHERE trace_id = ANY($1)",
        "DELETE FROM spans WHERE trace_id = ANY($1)",
        "DELETE FROM traces WHERE trace_id = ANY($1)",
    ];
    let ids: Vec<Uuid> = infos.clone().map(|info| trace_uuid(info.trace_id)).collect();
    for delete in DELETE {
        sqlx::query(delete).bind(&ids).execute(&mut *connection).await.during("delete traces")?;
    }
    let mut changes = Changes::default();
    infos.for_each(|info| changes.of(Some(info), None, 0));
    changes.write(connection).await
}

/// Takes along what hangs on a trace that has got another place.
pub(crate) async fn move_to(connection: &mut PgConnection, old: &Place, new: &Place) -> Result<()> {
    const OPERATION: &str = "move a trace";
    const ASSESSMENTS: &str = "
        UPDATE assessments SET month = $3, experiment_id = $4, trace_ms = $5,
            session = CASE WHEN metadata ? 'mlflow.trace.session' THEN $6 END
        WHERE trace_id = $1 AND month = $2";
    const SPANS: &str = "UPDATE spans SET month = $3 WHERE trace_id = $1 AND month = $2";
    let assessments = sqlx::query(ASSESSMENTS).bind(old.trace).bind(old.month).bind(new.month);
    let assessments = assessments.bind(new.experiment).bind(new.request_ms).bind(new.session.as_deref());
    assessments.execute(&mut *connection).await.during(OPERATION)?;
    if old.month != new.month {
        let spans = sqlx::query(SPANS).bind(old.trace).bind(old.month).bind(new.month);
        spans.execute(connection).await.during(OPERATION)?;
    }
    Ok(())
}
