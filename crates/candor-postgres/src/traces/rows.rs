//! Rows of traces to be written.

use candor_model::{ClientRequestId, DurationMs, TraceInfo};
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{PgConnection, Postgres};
use uuid::Uuid;

use super::Place;
use crate::convert::map_json;
use crate::text::kept;

/// One value of each row per column.
#[derive(Default)]
pub(crate) struct Rows {
    /// Where an update finds the row.
    old_months: Vec<i32>,
    traces: Vec<Uuid>,
    months: Vec<i32>,
    experiments: Vec<i64>,
    client_request_ids: Vec<Option<String>>,
    request_times: Vec<i64>,
    durations: Vec<Option<i64>>,
    states: Vec<&'static str>,
    sessions: Vec<Option<String>>,
    request_previews: Vec<Option<String>>,
    response_previews: Vec<Option<String>>,
    tags: Vec<String>,
    metadata: Vec<String>,
}

impl Rows {
    pub(crate) fn is_empty(&self) -> bool {
        self.traces.is_empty()
    }

    pub(crate) fn push(&mut self, info: &TraceInfo, old_month: i32) {
        let place = Place::from(info);
        let optional = |text: Option<&str>| text.map(|text| kept(text).into_owned());
        self.old_months.push(old_month);
        self.traces.push(place.trace);
        self.months.push(place.month);
        self.experiments.push(place.experiment);
        self.client_request_ids.push(optional(info.client_request_id.as_ref().map(ClientRequestId::as_str)));
        self.request_times.push(place.request_ms);
        self.durations.push(info.execution_duration.map(DurationMs::as_millis));
        self.states.push(info.state.as_str());
        self.sessions.push(place.session);
        self.request_previews.push(optional(info.request_preview.as_deref()));
        self.response_previews.push(optional(info.response_preview.as_deref()));
        self.tags.push(map_json(&info.tags));
        self.metadata.push(map_json(&info.metadata));
    }

    pub(crate) async fn insert(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        const INSERT: &str = "
            INSERT INTO traces (trace_id, month, experiment_id, client_request_id, request_ms, duration_ms, state,
                session, request_preview, response_preview, tags, metadata)
            SELECT n.trace_id, n.month, n.experiment_id, n.client_request_id, n.request_ms, n.duration_ms, n.state,
                n.session, n.request_preview, n.response_preview, n.tags::jsonb, n.metadata::jsonb
            FROM unnest($1::integer[], $2::uuid[], $3::integer[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[],
                $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[])
            AS n (old_month, trace_id, month, experiment_id, client_request_id, request_ms, duration_ms, state, session,
                request_preview, response_preview, tags, metadata)";
        self.bind(sqlx::query(INSERT)).execute(connection).await.map(drop)
    }

    pub(crate) async fn update(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        const UPDATE: &str = "
            UPDATE traces AS t SET month = n.month, experiment_id = n.experiment_id,
                client_request_id = n.client_request_id, request_ms = n.request_ms, duration_ms = n.duration_ms,
                state = n.state, session = n.session, request_preview = n.request_preview,
                response_preview = n.response_preview, tags = n.tags::jsonb, metadata = n.metadata::jsonb
            FROM unnest($1::integer[], $2::uuid[], $3::integer[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[],
                $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[])
            AS n (old_month, trace_id, month, experiment_id, client_request_id, request_ms, duration_ms, state, session,
                request_preview, response_preview, tags, metadata)
            WHERE t.trace_id = n.trace_id AND t.month = n.old_month";
        self.bind(sqlx::query(UPDATE)).execute(connection).await.map(drop)
    }

    fn bind(self, query: Query<'static, Postgres, PgArguments>) -> Query<'static, Postgres, PgArguments> {
        query
            .bind(self.old_months)
            .bind(self.traces)
            .bind(self.months)
            .bind(self.experiments)
            .bind(self.client_request_ids)
            .bind(self.request_times)
            .bind(self.durations)
            .bind(self.states)
            .bind(self.sessions)
            .bind(self.request_previews)
            .bind(self.response_previews)
            .bind(self.tags)
            .bind(self.metadata)
    }
}
