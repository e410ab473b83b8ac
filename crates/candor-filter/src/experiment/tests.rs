use super::*;
use candor_model::{LifecycleStage, TimestampMs};
use proptest::prelude::*;

fn experiment(id: i64, name: &str, created: i64) -> Experiment {
    Experiment {
        id: ExperimentId::new(id).unwrap(),
        name: name.parse().unwrap(),
        artifact_location: format!("mlflow-artifacts:/{id}"),
        lifecycle_stage: LifecycleStage::Active,
        creation_time: TimestampMs::from_millis(created),
        last_update_time: TimestampMs::from_millis(created + 100),
        tags: [("team".to_owned(), "Search".to_owned())].into(),
    }
}

#[track_caller]
fn check(filter: &str, matches: bool) {
    let parsed = ExperimentFilter::parse(filter).unwrap();
    assert_eq!(parsed.matches(&experiment(7, "chat-prod", 1000)), matches, "{filter}");
    assert_eq!(ExperimentFilter::parse(&parsed.to_string()), Ok(parsed), "{filter}");
}

#[test]
fn experiments_are_found_by_their_fields() {
    check("", true);
    check("name = 'chat-prod'", true);
    check("attribute.name != 'chat-prod'", false);
    check("name LIKE 'chat%'", true);
    check("name like 'CHAT%'", false);
    check("name ILIKE 'CHAT%'", true);
    check("experiment_id = '7'", true);
    check("experiment_id != '7'", false);
    check("experiment_id IN ('1', '7')", true);
    check("experiment_id NOT IN ('1', '7')", false);
    check("experiment_id NOT IN ('1')", true);
    check("creation_time >= 1000", true);
    check("creation_time > 1000", false);
    check("last_update_time = 1100 AND name LIKE '%'", true);
    check("tags.team = 'Search'", true);
    check("tag.`team` ILIKE 'se%'", true);
    check("tags.team IS NULL", false);
    check("tags.other IS NULL", true);
    check("tags.other != 'x'", false);
}

#[track_caller]
fn check_error(filter: &str, expected: &str) {
    assert_eq!(ExperimentFilter::parse(filter).unwrap_err().to_string(), expected, "{filter}");
}

#[test]
fn what_experiments_do_not_have_is_refused() {
    let fields = "creation_time, experiment_id, last_update_time, name";
    check_error(
        "lifecycle_stage = 'active'",
        &format!("unknown field \"lifecycle_stage\" at column 1; allowed: {fields}"),
    );
    check_error("attributes.name = 'x'", "unknown prefix \"attributes\" at column 1; allowed: attribute, tag, tags");
    check_error("name RLIKE 'x'", "name has no comparator RLIKE at column 6; allowed: !=, =, ILIKE, LIKE");
    check_error("name IN ('x')", "name has no comparator IN at column 6; allowed: !=, =, ILIKE, LIKE");
    check_error(
        "tags.a RLIKE 'x'",
        "tags.a has no comparator RLIKE at column 8; allowed: !=, =, ILIKE, IS NOT NULL, IS NULL, LIKE",
    );
    check_error("experiment_id = 1", "experiment_id takes a quoted text, got 1 at column 17");
    check_error("experiment_id = 'a'", "experiment_id must be a valid integer, got \"a\" at column 17");
    check_error("creation_time > '5'", "creation_time takes an unquoted integer, got '5' at column 17");
    check_error("creation_time > 5.0", "creation_time takes an unquoted integer, got 5.0 at column 17");
}

fn parse_order(items: &[&str]) -> Result<Vec<ExperimentOrderBy>, FilterError> {
    ExperimentOrderBy::parse_list(&items.iter().map(ToString::to_string).collect::<Vec<_>>())
}

#[track_caller]
fn check_sorted(items: &[&str], expected: &[i64]) {
    let mut experiments = [experiment(1, "b", 5), experiment(2, "a", 5), experiment(3, "a", 4)];
    let order = effective_experiment_order(&parse_order(items).unwrap());
    experiments.sort_by(|a, b| compare_experiments(&order, a, b));
    assert_eq!(experiments.map(|experiment| experiment.id.get()), expected, "{items:?}");
}

#[test]
fn experiments_are_sorted_newest_first_unless_told() {
    check_sorted(&[], &[1, 2, 3]);
    check_sorted(&["name"], &[3, 2, 1]);
    check_sorted(&["attribute.name desc", "experiment_id ASC"], &[1, 2, 3]);
    check_sorted(&["creation_time", "creation_time DESC"], &[3, 2, 1]);
    check_sorted(&["last_update_time DESC"], &[2, 1, 3]);
    let error = parse_order(&["tags.a"]).unwrap_err().to_string();
    assert!(error.starts_with("experiments cannot be ordered by tags.a at column 1; allowed: "), "{error}");
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back(
        name in "[a-z'é]{1,5}", ids in prop::collection::vec(0..i64::MAX, 1..4), value_ms: i64, negated: bool,
        key in "[a-z -]{1,4}",
    ) {
        let ids = ids.into_iter().filter_map(ExperimentId::new).collect();
        let clauses = vec![
            ExperimentClause::Name(TextMatch::Like(name)),
            ExperimentClause::Id { negated, ids },
            ExperimentClause::Time { field: ExperimentTime::LastUpdated, op: CompareOp::Ne, value_ms },
            ExperimentClause::Tag { key, test: KeyTest::IsNull { negated } },
        ];
        let filter = ExperimentFilter { clauses };
        prop_assert_eq!(ExperimentFilter::parse(&filter.to_string()), Ok(filter));
    }
}
