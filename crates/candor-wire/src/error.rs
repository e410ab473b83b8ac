//! What goes wrong: MLflow's error envelope, and bodies that cannot be read.

mod body;
mod read;

pub use body::{ErrorBody, ErrorCode};
pub use read::WireError;
pub(crate) use read::{MISSING, explain};
