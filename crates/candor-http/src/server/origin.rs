use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, Method, header};

/// Which web pages may call.
///
/// Browsers tell the origin of the page that makes a call; programs tell none and are let through.
#[derive(Clone, Debug)]
pub(super) struct OriginPolicy {
    allowed: Arc<[String]>,
}

impl OriginPolicy {
    pub(super) fn new(allowed: Vec<String>) -> Self {
        Self { allowed: allowed.iter().map(|origin| origin.trim_end_matches('/').to_ascii_lowercase()).collect() }
    }

    /// Whether a page of `origin` may call, and read the answer.
    pub(super) fn allows(&self, origin: &HeaderValue, headers: &HeaderMap) -> bool {
        let Ok(origin) = origin.to_str() else { return false };
        let origin = origin.to_ascii_lowercase();
        self.allowed.iter().any(|allowed| allowed == "*" || *allowed == origin)
            || authority(&origin).is_some_and(|authority| is_local(authority) || is_same_host(authority, headers))
    }

    /// Whether the call may go on: it changes nothing, or comes from no page, or from one that may.
    pub(super) fn may_change(&self, method: &Method, headers: &HeaderMap) -> bool {
        method.is_safe() || headers.get(header::ORIGIN).is_none_or(|origin| self.allows(origin, headers))
    }
}

/// `app.example.com:8080` of `https://app.example.com:8080`.
fn authority(origin: &str) -> Option<&str> {
    origin.split_once("://").map(|(_, authority)| authority)
}

fn is_same_host(authority: &str, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(|host| host.eq_ignore_ascii_case(authority))
}

fn is_local(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(allowed: &[&str], origin: &str, expected: bool) {
        let policy = OriginPolicy::new(allowed.iter().map(ToString::to_string).collect());
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("candor.example.com"));
        headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
        assert_eq!(policy.may_change(&Method::POST, &headers), expected, "{origin}");
        assert!(policy.may_change(&Method::GET, &headers));
    }

    #[test]
    fn pages_of_the_same_host_and_of_this_machine_may_call() {
        for origin in ["https://candor.example.com", "http://localhost:3000", "http://127.0.0.1", "http://[::1]:5173"] {
            check(&[], origin, true);
        }
    }

    #[test]
    fn foreign_pages_may_not() {
        for origin in [
            "https://evil.example",
            "null",
            "https://candor.example.com.evil.example",
            "https://candor.example.com:8443",
            "http://localhost.evil.example",
            "http://localhost:80@evil.example",
            "",
        ] {
            check(&[], origin, false);
            check(&["https://app.example.com"], origin, false);
        }
    }

    #[test]
    fn listed_pages_may() {
        check(&["https://App.example.com/"], "https://app.example.com", true);
        check(&["*"], "https://evil.example", true);
    }

    #[test]
    fn programs_tell_no_origin() {
        assert!(OriginPolicy::new(Vec::new()).may_change(&Method::DELETE, &HeaderMap::new()));
    }
}
