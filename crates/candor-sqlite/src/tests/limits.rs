//! Questions of any size.

use candor_filter::{AttributeField, Clause, KeyTest, SpanClause, SpanField, TextMatch, TextTest, TraceFilter};
use candor_model::ExperimentId;
use candor_store::{TraceQuery, TrackingStore, TrackingStoreExt};

use super::support::{fresh, trace, trace_id};
use crate::{SqliteOptions, SqliteStore};

async fn found(store: &SqliteStore, clauses: Vec<Clause>) -> usize {
    let query = TraceQuery {
        experiments: vec![ExperimentId::DEFAULT],
        filter: TraceFilter { clauses },
        order_by: Vec::new(),
        max_results: 10,
        page_token: None,
    };
    store.search_traces(&query).await.unwrap().items.len()
}

#[tokio::test]
async fn filters_may_have_thousands_of_clauses() {
    let (store, _directory) = fresh(SqliteOptions::default());
    store.start_trace(trace(1)).await.unwrap();
    let absent = |number| Clause::Tag { key: format!("k{number}"), test: KeyTest::IsNull { negated: false } };
    assert_eq!(found(&store, (0..3000).map(absent).collect()).await, 1);
    let named = |_| {
        let test = TextTest::Match(TextMatch::Ne("x".to_owned()));
        Clause::Span(SpanClause::Field { field: SpanField::Name, test })
    };
    assert_eq!(found(&store, (0..3000).map(named).collect()).await, 0);
}

#[tokio::test]
async fn lists_may_have_many_thousands_of_values() {
    let (store, _directory) = fresh(SqliteOptions::default());
    let mut info = trace(7);
    info.client_request_id = Some("req-7".parse().unwrap());
    store.start_trace(info).await.unwrap();
    for negated in [false, true] {
        let ids = (0..50_000).map(|number| trace_id(number).to_string()).chain(["no id".to_owned()]);
        let requests = (0..50_000).map(|number| format!("req-{number}"));
        for (field, values) in
            [(AttributeField::TraceId, ids.collect()), (AttributeField::ClientRequestId, requests.collect())]
        {
            let test = TextTest::In { negated, values };
            assert_eq!(found(&store, vec![Clause::Attribute { field, test }]).await, usize::from(!negated));
        }
    }
    let ids: Vec<_> = (0..50_000).map(trace_id).collect();
    assert_eq!(store.get_traces(&ids, true).await.unwrap().len(), 1);
}
