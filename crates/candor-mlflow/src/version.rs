//! Which servers work.

use reqwest::StatusCode;

use crate::client::Client;
use crate::{ConnectError, MlflowError};

/// The oldest version that keeps the promises, as (major, minor).
const OLDEST: (u32, u32) = (3, 17);
const NEEDED: &str = "3.17 or later, and below 4";

/// Asks for the version and refuses what is known or likely not to work.
pub(crate) async fn check(client: &Client) -> Result<(), ConnectError> {
    let url = client.url().to_owned();
    let text = match client.get_text("/version").await {
        Ok(text) => text,
        // Nobody but MLflow, and not even its first version, has this route.
        Err(MlflowError::Refused { status, .. } | MlflowError::Foreign { status, .. })
            if status == StatusCode::NOT_FOUND =>
        {
            let found = "a server without /version".to_owned();
            return Err(ConnectError::Version { url, found, needed: NEEDED, remedy: REMEDY_OTHER });
        }
        Err(error) => return Err(ConnectError::asking(&url, error)),
    };
    let (found, remedy) = match parse(&text) {
        Some(version) if version >= OLDEST && version.0 == OLDEST.0 => return Ok(()),
        Some(version) if version < OLDEST => (format!("MLflow {}", text.trim()), "upgrade the server"),
        Some(_) => (format!("MLflow {}", text.trim()), "upgrade Candor"),
        None => (format!("a server whose version reads {:?}", shown(&text)), REMEDY_OTHER),
    };
    Err(ConnectError::Version { url, found, needed: NEEDED, remedy })
}

const REMEDY_OTHER: &str = "check the address, and whether a proxy stands in between";

/// Major and minor of a version as Python writes it, e.g. `3.17.2`, `3.5.0rc0` or `3.17.2+candor`.
fn parse(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().split('.');
    let major = parts.next()?.parse().ok()?;
    let minor: String = parts.next()?.chars().take_while(char::is_ascii_digit).collect();
    parts.next()?;
    Some((major, minor.parse().ok()?))
}

fn shown(text: &str) -> String {
    text.trim().chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_python_writes_them() {
        for (text, expected) in [
            ("3.17.2", Some((3, 17))),
            ("3.17.2+candor\n", Some((3, 17))),
            ("3.5.0rc0", Some((3, 5))),
            ("2.22.1", Some((2, 22))),
            ("3.18.0.dev0", Some((3, 18))),
            ("", None),
            ("3", None),
            ("<!doctype html>", None),
            ("v1.2.3", None),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }
}
