//! The value classes: which comparators and literals go together.

use std::ops::Range;

use crate::syntax::{Literal, Op, RawClause};
use crate::{
    AssessmentTest, CompareOp, ContentTest, FilterError, Inequality, KeyTest, Number, Pattern, TextMatch, TextTest,
};

const NUMBER_OPS: [Op; 6] = [Op::Eq, Op::Ne, Op::Gt, Op::Ge, Op::Lt, Op::Le];
const TEXT_OPS: [Op; 7] = [Op::Eq, Op::Ne, Op::In, Op::NotIn, Op::Like, Op::ILike, Op::RLike];
const KEY_OPS: [Op; 7] = [Op::Eq, Op::Ne, Op::Like, Op::ILike, Op::RLike, Op::IsNull, Op::IsNotNull];
const CONTENT_OPS: [Op; 2] = [Op::Like, Op::ILike];
const ASSESSMENT_OPS: [Op; 11] =
    [Op::Eq, Op::Ne, Op::Gt, Op::Ge, Op::Lt, Op::Le, Op::Like, Op::ILike, Op::RLike, Op::IsNull, Op::IsNotNull];

/// An untyped clause and the filter it stands in.
pub(crate) struct Typing<'t> {
    pub(crate) text: &'t str,
    pub(crate) raw: RawClause,
}

impl Typing<'_> {
    pub(crate) fn error(&self, message: impl Into<String>, span: &Range<usize>) -> FilterError {
        FilterError::new(message, self.text, span.clone())
    }

    /// The left side as it was written.
    fn field(&self) -> &str {
        self.text.get(self.raw.subject.span()).unwrap_or_default()
    }

    pub(crate) fn expect_op(&self, allowed: &[Op]) -> Result<(), FilterError> {
        if allowed.contains(&self.raw.op) {
            return Ok(());
        }
        let allowed: Vec<_> = allowed.iter().map(|op| op.as_str()).collect();
        let message = format!("{} has no comparator {}", self.field(), self.raw.op.as_str());
        Err(self.error(message, &self.raw.op_span).allowing(&allowed))
    }

    pub(crate) fn text(&self) -> Result<&str, FilterError> {
        match &self.raw.literal {
            Literal::Text(text) => Ok(text),
            _ => Err(self.expected("a quoted text")),
        }
    }

    /// The items of a list; one item for a text.
    pub(crate) fn texts(&self) -> Result<Vec<String>, FilterError> {
        match &self.raw.literal {
            Literal::List(items) => Ok(items.clone()),
            _ => Ok(vec![self.text()?.to_owned()]),
        }
    }

    /// The integer to the right, for fields that take nothing else.
    pub(crate) fn integer(&self) -> Result<i64, FilterError> {
        match self.raw.literal {
            Literal::Number(Number::Int(number)) => Ok(number),
            _ => Err(self.expected("an unquoted integer")),
        }
    }

    pub(crate) fn number_test(&self) -> Result<(CompareOp, Number), FilterError> {
        self.expect_op(&NUMBER_OPS)?;
        let number = match &self.raw.literal {
            Literal::Number(number) => Some(*number),
            // MLflow lets quoted numbers through.
            Literal::Text(text) => parse_number(text),
            _ => None,
        };
        let number = number.ok_or_else(|| self.expected("a number of milliseconds"))?;
        Ok((self.compare_op(), number))
    }

    pub(crate) fn text_test(&self) -> Result<TextTest, FilterError> {
        self.expect_op(&TEXT_OPS)?;
        match self.raw.op {
            Op::In | Op::NotIn => Ok(TextTest::In { negated: self.raw.op == Op::NotIn, values: self.texts()? }),
            _ => self.text_match().map(TextTest::Match),
        }
    }

    pub(crate) fn key_test(&self) -> Result<KeyTest, FilterError> {
        self.expect_op(&KEY_OPS)?;
        match self.raw.op {
            Op::IsNull => Ok(KeyTest::IsNull { negated: false }),
            Op::IsNotNull => Ok(KeyTest::IsNull { negated: true }),
            _ => self.text_match().map(KeyTest::Match),
        }
    }

    pub(crate) fn content_test(&self) -> Result<ContentTest, FilterError> {
        self.expect_op(&CONTENT_OPS)?;
        let pattern = self.text()?.to_owned();
        Ok(if self.raw.op == Op::Like { ContentTest::Like(pattern) } else { ContentTest::ILike(pattern) })
    }

    pub(crate) fn assessment_test(&self) -> Result<AssessmentTest, FilterError> {
        self.expect_op(&ASSESSMENT_OPS)?;
        match (self.raw.op, &self.raw.literal) {
            (Op::IsNull, _) => Ok(AssessmentTest::IsNull { negated: false }),
            (Op::IsNotNull, _) => Ok(AssessmentTest::IsNull { negated: true }),
            (op, literal) => match (self.inequality(), literal) {
                (Some(op), Literal::Number(value)) => Ok(AssessmentTest::Number { op, value: *value }),
                (Some(_), _) => Err(self.expected(&format!("an unquoted number with {}", op.as_str()))),
                (None, Literal::Number(_)) => {
                    let op = op.as_str();
                    Err(self.expected(&format!("a quoted text with {op} (also for a number: {op} '5')")))
                }
                (None, _) => self.text_match().map(AssessmentTest::Match),
            },
        }
    }

    /// A comparison with a text. The comparator was found to be one.
    pub(crate) fn text_match(&self) -> Result<TextMatch, FilterError> {
        let text = self.text()?;
        Ok(match self.raw.op {
            Op::Ne => TextMatch::Ne(text.to_owned()),
            Op::Like => TextMatch::Like(text.to_owned()),
            Op::ILike => TextMatch::ILike(text.to_owned()),
            Op::RLike => TextMatch::RLike(Pattern::new(text)),
            _ => TextMatch::Eq(text.to_owned()),
        })
    }

    /// A comparison with a number. The comparator was found to be one.
    pub(crate) fn compare_op(&self) -> CompareOp {
        match self.inequality() {
            Some(inequality) => CompareOp::Order(inequality),
            None if self.raw.op == Op::Ne => CompareOp::Ne,
            None => CompareOp::Eq,
        }
    }

    fn inequality(&self) -> Option<Inequality> {
        match self.raw.op {
            Op::Gt => Some(Inequality::Gt),
            Op::Ge => Some(Inequality::Ge),
            Op::Lt => Some(Inequality::Lt),
            Op::Le => Some(Inequality::Le),
            _ => None,
        }
    }

    fn expected(&self, what: &str) -> FilterError {
        let got = self.text.get(self.raw.literal_span.clone()).unwrap_or_default();
        self.error(format!("{} takes {what}, got {got}", self.field()), &self.raw.literal_span)
    }
}

/// An integer, or a finite decimal number, without blanks and names such as `inf`.
fn parse_number(text: &str) -> Option<Number> {
    if !text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) {
        return None;
    }
    let float = || text.parse().ok().filter(|float: &f64| float.is_finite()).map(Number::Float);
    text.parse().ok().map(Number::Int).or_else(float)
}
