use std::fmt;

use crate::{ExperimentFilter, TraceFilter};

impl fmt::Display for TraceFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.clauses)
    }
}

impl fmt::Display for ExperimentFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.clauses)
    }
}
