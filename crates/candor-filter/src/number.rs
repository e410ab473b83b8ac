//! Number literals and the comparators that take them.

use std::cmp::Ordering;
use std::fmt;

/// A number literal of a filter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// Digits only.
    Int(i64),
    /// With a point or an exponent; always finite when it was parsed.
    Float(f64),
}

impl Number {
    /// The number as a double; integers beyond 2^53 are rounded.
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Int(number) => number as f64,
            Self::Float(number) => number,
        }
    }

    /// How `value` compares to this literal, without rounding; `None` only for a NaN built by hand.
    pub fn compare_to(self, value: i64) -> Option<Ordering> {
        match self {
            Self::Int(number) => Some(value.cmp(&number)),
            Self::Float(number) => compare_int_to_float(value, number),
        }
    }
}

impl fmt::Display for Number {
    /// A text that is read back as the same literal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => number.fmt(f),
            Self::Float(number) => write!(f, "{number:?}"),
        }
    }
}

/// `=`, `!=` and the four inequalities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `>`, `>=`, `<` or `<=`
    Order(Inequality),
}

impl CompareOp {
    /// The comparator as filters (and SQL) write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Order(inequality) => inequality.as_str(),
        }
    }

    /// Whether the comparator holds for a left side that compares to the right side as `ordering`.
    pub const fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Self::Eq => ordering.is_eq(),
            Self::Ne => ordering.is_ne(),
            Self::Order(inequality) => inequality.accepts(ordering),
        }
    }
}

/// `>`, `>=`, `<` and `<=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Inequality {
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `<`
    Lt,
    /// `<=`
    Le,
}

impl Inequality {
    /// The comparator as filters (and SQL) write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Lt => "<",
            Self::Le => "<=",
        }
    }

    /// Whether the comparator holds for a left side that compares to the right side as `ordering`.
    pub const fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Self::Gt => ordering.is_gt(),
            Self::Ge => ordering.is_ge(),
            Self::Lt => ordering.is_lt(),
            Self::Le => ordering.is_le(),
        }
    }
}

/// Going through `value as f64` alone would call 2^53 + 1 equal to 2^53.
fn compare_int_to_float(value: i64, number: f64) -> Option<Ordering> {
    const TWO_POW_63: f64 = 9_223_372_036_854_775_808.0;
    if number.is_nan() {
        return None;
    }
    if number >= TWO_POW_63 {
        return Some(Ordering::Less);
    }
    if number < -TWO_POW_63 {
        return Some(Ordering::Greater);
    }
    let whole = number.trunc();
    Some(value.cmp(&(whole as i64)).then(whole.total_cmp(&number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: i64, number: f64, expected: Ordering) {
        assert_eq!(Number::Float(number).compare_to(value), Some(expected), "{value} <=> {number}");
    }

    #[test]
    fn integers_and_doubles_compare_without_rounding() {
        check(5, 5.0, Ordering::Equal);
        check(5, 5.5, Ordering::Less);
        check(-5, -5.5, Ordering::Greater);
        check((1 << 53) + 1, 9_007_199_254_740_992.0, Ordering::Greater);
        check(i64::MAX, 1e300, Ordering::Less);
        check(i64::MAX, 9_223_372_036_854_775_808.0, Ordering::Less);
        check(i64::MIN, -9_223_372_036_854_775_808.0, Ordering::Equal);
        check(i64::MIN, -1e300, Ordering::Greater);
        check(0, -0.0, Ordering::Equal);
    }

    #[test]
    fn every_comparator_accepts_its_orderings() {
        for (op, less, equal, greater) in [
            (CompareOp::Eq, false, true, false),
            (CompareOp::Ne, true, false, true),
            (CompareOp::Order(Inequality::Gt), false, false, true),
            (CompareOp::Order(Inequality::Ge), false, true, true),
            (CompareOp::Order(Inequality::Lt), true, false, false),
            (CompareOp::Order(Inequality::Le), true, true, false),
        ] {
            let got = [Ordering::Less, Ordering::Equal, Ordering::Greater].map(|ordering| op.accepts(ordering));
            assert_eq!(got, [less, equal, greater], "{}", op.as_str());
        }
    }
}
