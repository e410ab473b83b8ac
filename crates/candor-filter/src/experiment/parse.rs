use super::{ExperimentClause, ExperimentFilter, ExperimentTime};
use crate::FilterError;
use crate::parse::Typing;
use crate::syntax::{self, Op, RawClause};

const TEXT_OPS: [Op; 4] = [Op::Eq, Op::Ne, Op::Like, Op::ILike];
const TAG_OPS: [Op; 6] = [Op::Eq, Op::Ne, Op::Like, Op::ILike, Op::IsNull, Op::IsNotNull];
const ID_OPS: [Op; 4] = [Op::Eq, Op::Ne, Op::In, Op::NotIn];

pub(super) fn filter(text: &str) -> Result<ExperimentFilter, FilterError> {
    if text.is_empty() {
        return Ok(ExperimentFilter::default());
    }
    let clauses = syntax::clauses(text)?;
    let clauses = clauses.into_iter().map(|raw| clause(&Typing { text, raw })).collect::<Result<_, _>>()?;
    Ok(ExperimentFilter { clauses })
}

fn clause(typing: &Typing<'_>) -> Result<ExperimentClause, FilterError> {
    let RawClause { subject, .. } = &typing.raw;
    match (subject.prefix.as_deref(), subject.key.as_str()) {
        (None | Some("attribute"), "name") => {
            typing.expect_op(&TEXT_OPS)?;
            typing.text_match().map(ExperimentClause::Name)
        }
        (None | Some("attribute"), "experiment_id") => id(typing),
        (None | Some("attribute"), "creation_time") => time(typing, ExperimentTime::Created),
        (None | Some("attribute"), "last_update_time") => time(typing, ExperimentTime::LastUpdated),
        (None | Some("attribute"), unknown) => {
            let message = format!("unknown field {unknown:?}");
            let allowed = ["creation_time", "experiment_id", "last_update_time", "name"];
            Err(typing.error(message, &subject.key_span).allowing(&allowed))
        }
        (Some("tag" | "tags"), key) => {
            typing.expect_op(&TAG_OPS)?;
            let test = typing.key_test()?;
            Ok(ExperimentClause::Tag { key: key.to_owned(), test })
        }
        (Some(unknown), _) => {
            let message = format!("unknown prefix {unknown:?}");
            Err(typing.error(message, &subject.prefix_span).allowing(&["attribute", "tag", "tags"]))
        }
    }
}

fn id(typing: &Typing<'_>) -> Result<ExperimentClause, FilterError> {
    typing.expect_op(&ID_OPS)?;
    let ids = typing.texts()?.iter().map(|id| id.parse()).collect::<Result<_, _>>();
    let ids =
        ids.map_err(|error: candor_model::ModelError| typing.error(error.to_string(), &typing.raw.literal_span))?;
    Ok(ExperimentClause::Id { negated: matches!(typing.raw.op, Op::Ne | Op::NotIn), ids })
}

fn time(typing: &Typing<'_>, field: ExperimentTime) -> Result<ExperimentClause, FilterError> {
    let (op, _) = typing.number_test()?;
    let value_ms = typing.integer()?;
    Ok(ExperimentClause::Time { field, op, value_ms })
}
