use candor_filter::{
    ExperimentFilter, ExperimentOrderBy, QueryId, SortValue, effective_experiment_order, experiment_sort_values,
};
use candor_model::{Experiment, ExperimentId, LifecycleStage};
use candor_store::{
    ExperimentChange, ExperimentKey, ExperimentQuery, ExperimentView, Missing, NewExperiment, Page, Result, StoreError,
};
use candor_wire::requests::{
    CreateExperiment, DeleteExperimentTag, MAX_EXPERIMENTS, RenameExperiment, SearchExperiments, SetExperimentTag,
    ViewType,
};

use super::api::page_token;
use super::check_page_size;
use super::walk::{Fetched, Filled, Keep, Placed, Rows, Walk, fill};
use crate::MlflowStore;

impl MlflowStore {
    pub(super) async fn create(&self, new: NewExperiment) -> Result<ExperimentId> {
        let name = new.name.clone();
        let NewExperiment { name: sent, artifact_location, tags, creation_time: _ } = new;
        match self.post_experiment(&CreateExperiment { name: sent, artifact_location, tags }).await {
            Ok(id) => Ok(id),
            Err(error) if error.is_taken() => Err(taken(name.as_str())),
            Err(error) => Err(error.during("create an experiment")),
        }
    }

    pub(super) async fn experiment(&self, key: &ExperimentKey) -> Result<Option<Experiment>> {
        match self.read_experiment(key).await {
            Ok(experiment) => Ok(Some(experiment)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error.during("read an experiment")),
        }
    }

    pub(super) async fn experiments(&self, query: &ExperimentQuery) -> Result<Page<Experiment>> {
        check_page_size(query.max_results)?;
        let order = effective_experiment_order(&query.order_by);
        let view = match query.view {
            ExperimentView::ActiveOnly => ViewType::ActiveOnly,
            ExperimentView::DeletedOnly => ViewType::DeletedOnly,
            ExperimentView::All => ViewType::All,
        };
        let query_id = QueryId::new(
            "experiments of mlflow",
            &format_args!("{}\n{order:?}\n{view:?}", query.filter),
            order.len() + 1,
        );
        let descending = order.iter().map(|item| item.descending).collect();
        let mut walk = Walk::begin(query.page_token.as_deref(), query_id, descending)?;
        let written = query.filter.to_string();
        // Its language cannot write every text; what it cannot is checked here.
        let is_readable = ExperimentFilter::parse(&written).is_ok_and(|read| read == query.filter);
        let keep = Check((!is_readable).then_some(&query.filter));
        let filter = Some(written).filter(|text| is_readable && !text.is_empty());
        let rows = Found { store: self, filter, view, order };
        let Filled { items, next_page_token } =
            fill(&mut walk, &rows, &keep, query.max_results, query_id, MAX_EXPERIMENTS).await?;
        Ok(Page { items, next_page_token })
    }

    /// The server's errors about experiments do not tell what is wrong, so it is looked up first.
    pub(super) async fn change_experiment(&self, id: ExperimentId, change: ExperimentChange) -> Result<()> {
        let missing = || StoreError::NotFound(Missing::Experiment(id));
        let known = self.experiment(&ExperimentKey::Id(id)).await?.ok_or_else(missing)?;
        let is_deleted = known.lifecycle_stage == LifecycleStage::Deleted;
        match (&change, is_deleted) {
            (ExperimentChange::Delete, true) | (ExperimentChange::Restore, false) => return Err(missing()),
            (ExperimentChange::Delete | ExperimentChange::Restore, _) | (_, false) => {}
            (_, true) => return Err(StoreError::ExperimentDeleted { id }),
        }
        let sent = match &change {
            // A retry of what was done already finds nothing to do; so does a call beside another.
            ExperimentChange::Delete | ExperimentChange::Restore => {
                let restore = change == ExperimentChange::Restore;
                match self.set_stage(id, restore).await {
                    Err(error) if error.is_missing() => Ok(()),
                    other => other,
                }
            }
            ExperimentChange::Rename(name) if *name == known.name => return Ok(()),
            ExperimentChange::Rename(name) => {
                if self.experiment(&ExperimentKey::Name(name.clone())).await?.is_some() {
                    return Err(taken(name.as_str()));
                }
                self.rename(&RenameExperiment { experiment_id: id, new_name: name.clone() }).await
            }
            ExperimentChange::SetTag { key, value } => {
                let tag = SetExperimentTag { experiment_id: id, key: key.clone(), value: value.clone() };
                self.set_experiment_tag(&tag).await
            }
            ExperimentChange::DeleteTag { key } => {
                let tag = DeleteExperimentTag { experiment_id: id, key: key.clone() };
                self.unset_experiment_tag(&tag).await
            }
        };
        match (sent, change) {
            (Ok(()), _) => Ok(()),
            (Err(error), ExperimentChange::DeleteTag { key }) if error.is_missing() => {
                Err(StoreError::NotFound(Missing::ExperimentTag { key, experiment: id }))
            }
            (Err(error), ExperimentChange::Rename(name)) if error.is_refused() => {
                match self.experiment(&ExperimentKey::Name(name.clone())).await? {
                    Some(other) if other.id != id => Err(taken(name.as_str())),
                    _ => Err(error.during("change an experiment")),
                }
            }
            (Err(error), _) => Err(error.during("change an experiment")),
        }
    }
}

/// What the server finds.
struct Found<'a> {
    store: &'a MlflowStore,
    filter: Option<String>,
    view: ViewType,
    order: Vec<ExperimentOrderBy>,
}

impl Rows for Found<'_> {
    type Row = Experiment;

    async fn fetch(&self, offset: usize, size: usize) -> Result<Fetched<Experiment>> {
        let order = self.order.iter();
        let request = SearchExperiments {
            max_results: size,
            page_token: page_token(offset),
            filter: self.filter.clone(),
            order_by: order
                .map(|item| format!("{} {}", item.key.as_str(), if item.descending { "DESC" } else { "ASC" }))
                .collect(),
            view_type: self.view,
        };
        let found = self.store.raw_experiments(&request).await?;
        let is_last = found.len() < size;
        let placed = (offset..).zip(found).map(|(number, row)| {
            let place: Vec<SortValue> = experiment_sort_values(&self.order, &row);
            (number, Placed { place, row })
        });
        Ok(Fetched { rows: placed.collect(), is_last })
    }
}

/// The filter, when the server cannot be asked it.
struct Check<'a>(Option<&'a ExperimentFilter>);

impl Keep<Experiment> for Check<'_> {
    fn is_all(&self) -> bool {
        self.0.is_none()
    }

    async fn keep(&self, rows: &[Experiment]) -> Result<Vec<bool>> {
        Ok(rows.iter().map(|row| self.0.is_none_or(|filter| filter.matches(row))).collect())
    }
}

fn taken(name: &str) -> StoreError {
    StoreError::AlreadyExists { what: format!("experiment {name:?}") }
}
