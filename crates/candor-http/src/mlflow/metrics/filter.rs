//! Conditions such as `trace.tag.env = 'prod'`: one each, with `=` only.

use candor_model::AssessmentKind;
use candor_store::metrics::MetricFilter;
use candor_wire::requests::MetricView;

use crate::mlflow::error::MlflowError;

/// Reads a condition; those on spans and assessments are for their own views.
pub(super) fn parse(text: &str, view: MetricView) -> Result<MetricFilter, MlflowError> {
    let (identifier, value) = parts(text)?;
    let mut path = identifier.splitn(3, '.');
    let (subject, entity, key) = (unquoted(path.next().unwrap_or_default()), path.next(), path.next().map(unquoted));
    let Some(entity) = entity else {
        return Err(MlflowError::invalid(format!(
            "Invalid identifier '{identifier}'. Columns should be specified as 'trace.<key>', 'span.<key>', \
             'assessment.<key>'."
        )));
    };
    let filter = filter(subject, entity, key, value)?;
    let only_for = match subject {
        "span" if view != MetricView::Spans => "SPANS",
        "assessment" if view != MetricView::Assessments => "ASSESSMENTS",
        _ => return Ok(filter),
    };
    Err(MlflowError::invalid(format!(
        "Filtering by {subject} is only supported for {only_for} view type, got {}",
        view.as_str()
    )))
}

fn filter(subject: &str, entity: &str, key: Option<&str>, value: String) -> Result<MetricFilter, MlflowError> {
    let invalid = |message: String| Err(MlflowError::invalid(message));
    let valid: &[&str] = match subject {
        "trace" => &["status", "tag", "metadata"],
        "span" => &["name", "status", "type"],
        "assessment" => &["name", "type"],
        other => {
            return invalid(format!(
                "Invalid view type '{other}'. Valid values are dict_keys(['trace', 'span', 'assessment'])"
            ));
        }
    };
    Ok(match (subject, entity, key) {
        ("trace", "tag", Some(key)) => MetricFilter::TraceTag { key: key.to_owned(), value },
        ("trace", "metadata", Some(key)) => MetricFilter::TraceMetadata { key: key.to_owned(), value },
        ("trace", "tag" | "metadata", None) => {
            return invalid(format!("Filtering by {entity} requires a key, e.g. '{subject}.{entity}.<key> = <value>'"));
        }
        (_, entity, Some(_)) if valid.contains(&entity) => {
            return invalid(format!("Filtering by {entity} does not require a key, use '{subject}.{entity}' instead"));
        }
        ("trace", "status", None) => MetricFilter::TraceStatus(value),
        ("span", "name", None) => MetricFilter::SpanName(value),
        ("span", "status", None) => MetricFilter::SpanStatus(value),
        ("span", "type", None) => MetricFilter::SpanType(value),
        ("assessment", "name", None) => MetricFilter::AssessmentName(value),
        ("assessment", "type", None) => match value.as_str() {
            "feedback" => MetricFilter::AssessmentKind(AssessmentKind::Feedback),
            "expectation" => MetricFilter::AssessmentKind(AssessmentKind::Expectation),
            "issue" => MetricFilter::AssessmentKind(AssessmentKind::Issue),
            other => {
                return invalid(format!("assessment.type must be feedback, expectation or issue, got '{other}'"));
            }
        },
        _ => {
            let valid: Vec<String> = valid.iter().map(|entity| format!("'{entity}'")).collect();
            return invalid(format!(
                "Invalid entity '{entity}' specified for view type '{subject}'. Valid entities are [{}]",
                valid.join(", ")
            ));
        }
    })
}

/// The identifier and the value without its quotes.
fn parts(text: &str) -> Result<(&str, String), MlflowError> {
    let invalid = |message: String| Err(MlflowError::invalid(message));
    let Some((place, operator)) = operator(text) else {
        return invalid(format!("Invalid filter: '{text}'. Expected one filter clause."));
    };
    if operator != "=" {
        return invalid(format!("Invalid comparator: '{operator}', only '=' operator is supported"));
    }
    let identifier = text[..place].trim();
    let rest = text[place + operator.len()..].trim();
    let Some(quote) = rest.chars().next().filter(|first| ['\'', '"'].contains(first)) else {
        let entity = identifier.split('.').nth(1).unwrap_or_default();
        let message = format!("Expected a quoted string value for {entity} value (e.g. 'my-value'). Got value {rest}");
        return invalid(message);
    };
    let Some((value, behind)) = rest[1..].split_once(quote) else {
        return invalid(format!("Invalid filter: '{text}'. Expected one filter clause."));
    };
    match behind.split_whitespace().next() {
        None => Ok((identifier, value.to_owned())),
        Some(word) => invalid(format!("Invalid clause(s) in filter string: {word}")),
    }
}

/// The first comparator outside of quotes, and where it stands.
fn operator(text: &str) -> Option<(usize, &str)> {
    const SIGNS: [&str; 6] = ["!=", "<=", ">=", "=", "<", ">"];
    const WORDS: [&str; 5] = ["LIKE", "ILIKE", "RLIKE", "IN", "IS"];
    let mut quote = None;
    for (place, letter) in text.char_indices() {
        match quote {
            Some(open) if open == letter => quote = None,
            Some(_) => {}
            None if ['`', '"', '\''].contains(&letter) => quote = Some(letter),
            None => {
                let rest = &text[place..];
                if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                    return Some((place, sign));
                }
                let word = rest.split_whitespace().next().unwrap_or_default();
                let begins = text[..place].ends_with(char::is_whitespace);
                if begins && WORDS.contains(&word.to_uppercase().as_str()) {
                    return Some((place, word));
                }
            }
        }
    }
    None
}

fn unquoted(text: &str) -> &str {
    let inside = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    inside('`').or(inside('"')).or(inside('\'')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_say_what_they_are_about() {
        let tag = |key: &str, value: &str| MetricFilter::TraceTag { key: key.to_owned(), value: value.to_owned() };
        for (text, expected) in [
            ("trace.status = 'OK'", MetricFilter::TraceStatus("OK".to_owned())),
            ("trace.tag.env='prod'", tag("env", "prod")),
            ("trace.tag.`my key` = \"it's\"", tag("my key", "it's")),
            ("trace.tag.a.b = 'x = y'", tag("a.b", "x = y")),
            ("assessment.type = 'issue'", MetricFilter::AssessmentKind(AssessmentKind::Issue)),
        ] {
            assert_eq!(parse(text, MetricView::Assessments).unwrap(), expected, "{text}");
        }
        assert_eq!(parse("span.type = 'LLM'", MetricView::Spans).unwrap(), MetricFilter::SpanType("LLM".to_owned()));
    }
}
