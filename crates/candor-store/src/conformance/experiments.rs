//! Experiments: names, stages, tags, search.

use std::collections::BTreeMap;

use candor_filter::{ExperimentFilter, ExperimentOrderBy, PageTokenError};
use candor_model::{ExperimentId, LifecycleStage};

use super::gaps::gaps;
use super::samples::{self, at};
use super::support::{ExpectThere, create, experiment};
use crate::{
    DynTrackingStore, ExperimentChange, ExperimentKey, ExperimentQuery, ExperimentView, Missing, NewExperiment,
    StoreError,
};

/// Every store has the experiment 0, named `Default`.
pub async fn default_experiment_is_there_from_the_start(store: &DynTrackingStore) {
    let default = experiment(store, ExperimentId::DEFAULT).await;
    assert_eq!(default.name.as_str(), "Default");
    assert_eq!(default.artifact_location, "mlflow-artifacts:/0");
    assert_eq!(default.lifecycle_stage, LifecycleStage::Active);
    assert!(default.tags.is_empty());
    assert_eq!(search(store, ExperimentView::All, "").await, ["Default"]);
}

/// An experiment reads back by id and by name as it was created.
pub async fn created_experiment_reads_back(store: &DynTrackingStore) {
    let tags = BTreeMap::from([("team".to_owned(), "чат 💬".to_owned()), ("empty".to_owned(), String::new())]);
    let location = Some("s3://bucket/x".to_owned());
    let new =
        NewExperiment { tags: tags.clone(), artifact_location: location, ..samples::experiment("шоп \"1\" 'x'") };
    let id = create(store, new.clone()).await;
    let read = experiment(store, id).await;
    assert_eq!(read.name, new.name);
    assert_eq!(read.artifact_location, "s3://bucket/x");
    assert_eq!(read.tags, tags);
    assert_eq!(read.creation_time, read.last_update_time);
    assert!(read.creation_time == at(0) || gaps(store).own_clock);
    assert_eq!(store.get_experiment(&ExperimentKey::Name(new.name)).await.unwrap(), Some(read));

    let plain = create(store, samples::experiment("plain")).await;
    assert_eq!(experiment(store, plain).await.artifact_location, format!("mlflow-artifacts:/{plain}"));
    assert!(plain != id && plain != ExperimentId::DEFAULT && id != ExperimentId::DEFAULT);
}

/// No two experiments share a name, be one of them deleted; names that differ in case differ.
pub async fn experiment_names_are_unique_and_case_sensitive(store: &DynTrackingStore) {
    let small = create(store, samples::experiment("chat")).await;
    let big = create(store, samples::experiment("Chat")).await;
    assert_ne!(small, big);
    store.update_experiment(small, ExperimentChange::Delete, at(1)).await.unwrap();
    for taken in ["chat", "Chat", "Default"] {
        let error = store.create_experiment(samples::experiment(taken)).await.unwrap_err();
        assert!(matches!(error, StoreError::AlreadyExists { .. }), "{error:?}");
    }
    let key = ExperimentKey::Name("chat".parse().unwrap());
    assert_eq!(store.get_experiment(&key).await.unwrap().expect_there("experiment").id, small);
    assert_eq!(search(store, ExperimentView::All, "").await.len(), 3);
}

/// What does not exist reads as `None`, and its change is `NotFound`.
pub async fn unknown_experiment_is_none(store: &DynTrackingStore) {
    let unknown = samples::experiment_id(424_242);
    assert_eq!(store.get_experiment(&ExperimentKey::Id(unknown)).await.unwrap(), None);
    assert_eq!(store.get_experiment(&ExperimentKey::Name("x".parse().unwrap())).await.unwrap(), None);
    for change in [ExperimentChange::Delete, ExperimentChange::Restore, set_tag("k", "v"), rename("y")] {
        let error = store.update_experiment(unknown, change, at(1)).await.unwrap_err();
        assert!(matches!(&error, StoreError::NotFound(Missing::Experiment(id)) if *id == unknown), "{error:?}");
    }
}

/// Deletion is reversible, and each step can be taken once.
pub async fn deleted_experiment_is_readable_and_can_be_restored(store: &DynTrackingStore) {
    let id = create(store, samples::experiment("chat")).await;
    for (change, stage, ms) in [
        (ExperimentChange::Delete, LifecycleStage::Deleted, 10),
        (ExperimentChange::Restore, LifecycleStage::Active, 20),
    ] {
        store.update_experiment(id, change.clone(), at(ms)).await.unwrap();
        let read = experiment(store, id).await;
        assert_eq!(read.lifecycle_stage, stage);
        assert!((read.creation_time, read.last_update_time) == (at(0), at(ms)) || gaps(store).own_clock);
        let error = store.update_experiment(id, change, at(99)).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound(Missing::Experiment(_))), "{error:?}");
        assert_eq!(experiment(store, id).await, read, "what is refused changes nothing");
    }
    store.update_experiment(ExperimentId::DEFAULT, ExperimentChange::Delete, at(30)).await.unwrap();
    assert_eq!(experiment(store, ExperimentId::DEFAULT).await.lifecycle_stage, LifecycleStage::Deleted);
}

/// A deleted experiment keeps its name and tags.
pub async fn deleted_experiment_refuses_changes(store: &DynTrackingStore) {
    let id = create(store, samples::experiment("chat")).await;
    store.update_experiment(id, set_tag("k", "v"), at(1)).await.unwrap();
    store.update_experiment(id, ExperimentChange::Delete, at(2)).await.unwrap();
    let before = experiment(store, id).await;
    for change in [rename("new"), rename("Default"), set_tag("k", "w"), delete_tag("k"), delete_tag("absent")] {
        let error = store.update_experiment(id, change, at(3)).await.unwrap_err();
        assert!(matches!(&error, StoreError::ExperimentDeleted { id: named } if *named == id), "{error:?}");
    }
    assert_eq!(experiment(store, id).await, before);
}

/// Renaming frees the old name and cannot take another's.
pub async fn renamed_experiment_frees_its_name(store: &DynTrackingStore) {
    let id = create(store, samples::experiment("old")).await;
    store.update_experiment(id, rename("new"), at(1)).await.unwrap();
    let read = experiment(store, id).await;
    assert_eq!(read.name.as_str(), "new");
    assert!(read.last_update_time == at(1) || gaps(store).own_clock);
    assert_eq!(store.get_experiment(&ExperimentKey::Name("old".parse().unwrap())).await.unwrap(), None);
    create(store, samples::experiment("old")).await;

    for taken in ["old", "Default"] {
        let error = store.update_experiment(id, rename(taken), at(2)).await.unwrap_err();
        assert!(matches!(error, StoreError::AlreadyExists { .. }), "{error:?}");
    }
    assert_eq!(experiment(store, id).await, read);
    store.update_experiment(id, rename("new"), at(3)).await.unwrap();
}

/// Tags are set, replaced and removed, one by one.
pub async fn experiment_tags_come_and_go(store: &DynTrackingStore) {
    let id = create(store, samples::experiment("chat")).await;
    for (ms, change) in
        [(1, set_tag("a", "1")), (2, set_tag("b/c", "")), (3, set_tag("a", "2")), (4, delete_tag("b/c"))]
    {
        store.update_experiment(id, change, at(ms)).await.unwrap();
    }
    let read = experiment(store, id).await;
    assert_eq!(read.tags, BTreeMap::from([("a".to_owned(), "2".to_owned())]));
    assert!(read.last_update_time == at(4) || gaps(store).own_clock);
    let error = store.update_experiment(id, delete_tag("A"), at(5)).await.unwrap_err();
    assert!(matches!(&error, StoreError::NotFound(Missing::ExperimentTag { key, .. }) if key == "A"), "{error:?}");
    assert!(experiment(store, ExperimentId::DEFAULT).await.tags.is_empty());
}

/// Views and filters select.
pub async fn experiments_are_found_by_stage_and_filter(store: &DynTrackingStore) {
    for (name, tag, ms) in [("chat-a", "x", 1), ("chat-b", "y", 2), ("search", "x", 3)] {
        let tags = BTreeMap::from([("team".to_owned(), tag.to_owned())]);
        create(store, NewExperiment { tags, creation_time: at(ms), ..samples::experiment(name) }).await;
    }
    let b = store.get_experiment(&ExperimentKey::Name("chat-b".parse().unwrap())).await.unwrap();
    let b = b.expect_there("experiment").id;
    store.update_experiment(b, ExperimentChange::Delete, at(9)).await.unwrap();
    let b = experiment(store, b).await;
    assert!((b.creation_time, b.last_update_time) == (at(2), at(9)) || gaps(store).own_clock);

    assert_eq!(search(store, ExperimentView::ActiveOnly, "").await, ["search", "chat-a", "Default"]);
    assert_eq!(search(store, ExperimentView::DeletedOnly, "").await, ["chat-b"]);
    for (filter, expected) in [
        ("name LIKE 'chat-%'", vec!["chat-b", "chat-a"]),
        ("name ILIKE 'CHAT-%' AND tags.team = 'x'", vec!["chat-a"]),
        ("name != 'search' AND tag.team IS NOT NULL", vec!["chat-b", "chat-a"]),
        ("tags.team IS NULL", vec!["Default"]),
        ("tags.team != 'x'", vec!["chat-b"]),
        ("experiment_id = '0'", vec!["Default"]),
        ("experiment_id NOT IN ('0', '424242')", vec!["search", "chat-b", "chat-a"]),
        (&format!("creation_time >= {}", b.creation_time.as_millis()), vec!["search", "chat-b"]),
        (&format!("last_update_time = {}", b.last_update_time.as_millis()), vec!["chat-b"]),
    ] {
        assert_eq!(search(store, ExperimentView::All, filter).await, expected, "{filter}");
    }
}

/// Newest first; the caller may order otherwise.
pub async fn experiments_are_ordered(store: &DynTrackingStore) {
    for (name, ms) in [("b", 1), ("a", 2), ("c", 1), ("B", 2)] {
        create(store, NewExperiment { creation_time: at(ms), ..samples::experiment(name) }).await;
    }
    // By the back end's own clock, they are as old as the order in which they were made says.
    for (order, expected, by_own_clock) in [
        (vec![], "a B b c Default", "B c a b Default"),
        (vec!["name"], "B Default a b c", "B Default a b c"),
        (vec!["name DESC"], "c b a Default B", "c b a Default B"),
        (vec!["experiment_id"], "Default b a c B", "Default b a c B"),
        (vec!["creation_time ASC"], "Default c b B a", "Default b a c B"),
        (vec!["last_update_time DESC", "name ASC"], "B a b c Default", "B c a b Default"),
    ] {
        let expected = if gaps(store).own_clock { by_own_clock } else { expected };
        let mut query = query(ExperimentView::All, "");
        query.order_by =
            ExperimentOrderBy::parse_list(&order.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>())
                .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(names(store, query).await.join(" "), expected, "{order:?}");
    }
}

/// Following the tokens shows every experiment once, those of the same time too.
pub async fn experiments_are_paged_exactly_once(store: &DynTrackingStore) {
    for n in 0..23 {
        create(store, NewExperiment { creation_time: at(n % 3), ..samples::experiment(&format!("e-{n}")) }).await;
    }
    let all = names(store, query(ExperimentView::All, "")).await;
    assert_eq!(all.len(), 24);
    for size in [1, 2, 5, 12, 24, 25] {
        assert_eq!(names(store, ExperimentQuery { max_results: size, ..query(ExperimentView::All, "") }).await, all);
    }
    let none = ExperimentQuery { max_results: 0, ..query(ExperimentView::All, "") };
    assert!(matches!(store.search_experiments(&none).await, Err(StoreError::Invalid { field: "max_results", .. })));
}

/// A token is refused by any query but its own.
pub async fn experiment_page_tokens_belong_to_their_query(store: &DynTrackingStore) {
    create(store, samples::experiment("a")).await;
    let first = ExperimentQuery { max_results: 1, ..query(ExperimentView::All, "") };
    let page_token = store.search_experiments(&first).await.unwrap().next_page_token;
    assert!(page_token.is_some());
    let other = ExperimentQuery { page_token, ..query(ExperimentView::ActiveOnly, "") };
    let error = store.search_experiments(&other).await.unwrap_err();
    assert!(matches!(error, StoreError::PageToken(PageTokenError::OtherQuery)), "{error:?}");
    let nonsense = ExperimentQuery { page_token: Some("?".into()), ..query(ExperimentView::All, "") };
    assert!(matches!(store.search_experiments(&nonsense).await, Err(StoreError::PageToken(_))));
}

fn query(view: ExperimentView, filter: &str) -> ExperimentQuery {
    let filter = ExperimentFilter::parse(filter).unwrap_or_else(|error| panic!("{error}\n{}", error.pointer()));
    ExperimentQuery { view, filter, order_by: Vec::new(), max_results: 100, page_token: None }
}

async fn search(store: &DynTrackingStore, view: ExperimentView, filter: &str) -> Vec<String> {
    names(store, query(view, filter)).await
}

async fn names(store: &DynTrackingStore, mut query: ExperimentQuery) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        let page = store.search_experiments(&query).await.unwrap();
        assert!(page.items.len() <= query.max_results);
        assert!(query.page_token.is_none() || !page.items.is_empty(), "a token leads to an empty page");
        for experiment in &page.items {
            let name = experiment.name.to_string();
            assert!(!names.contains(&name), "{name} is shown twice");
            names.push(name);
        }
        match page.next_page_token {
            Some(token) => query.page_token = Some(token),
            None => return names,
        }
    }
}

fn rename(name: &str) -> ExperimentChange {
    ExperimentChange::Rename(name.parse().unwrap())
}

fn set_tag(key: &str, value: &str) -> ExperimentChange {
    ExperimentChange::SetTag { key: key.parse().unwrap(), value: value.into() }
}

fn delete_tag(key: &str) -> ExperimentChange {
    ExperimentChange::DeleteTag { key: key.into() }
}
