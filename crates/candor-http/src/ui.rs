//! The web UI: pages for people, at `/`.
//!
//! | path | is |
//! |---|---|
//! | `/`, `/traces`, `/traces/{trace_id}`, `/live`, `/ask`, `/pending` | the application; it reads its path itself |
//! | `/widget.js` | the script that puts the buttons on any page |
//! | `/assets/…` | its parts, named by their content and kept by browsers for a year |
//!
//! Every answer carries a strict Content-Security-Policy: the pages load from this host and call it
//! alone, run no inline script, and are shown in no foreign frame.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use candor_ui::Asset;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::problem;

/// Where the application has pages.
const PAGES: [&str; 6] = ["/", "/traces", "/traces/{trace_id}", "/live", "/ask", "/pending"];

/// Files whose names others know.
const FILES: [&str; 2] = ["favicon.svg", "widget.js"];

/// The routes of the web UI, compressed for those who accept it.
///
/// It needs no state: the pages call the other routers of this crate, which must be mounted beside it.
pub fn router() -> Router {
    let mut router = Router::new().route("/assets/{*path}", get(part));
    for page in PAGES {
        router = router.route(page, get(index));
    }
    for file in FILES {
        router = router
            .route(&format!("/{file}"), get(async move |headers: HeaderMap| send(candor_ui::asset(file), &headers)));
    }
    let policy = HeaderValue::from_static(candor_ui::CONTENT_SECURITY_POLICY);
    router
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(CompressionLayer::new().gzip(true))
        .layer(SetResponseHeaderLayer::overriding(header::CONTENT_SECURITY_POLICY, policy))
        .layer(SetResponseHeaderLayer::overriding(header::REFERRER_POLICY, HeaderValue::from_static("same-origin")))
}

async fn index(headers: HeaderMap) -> Response {
    send(candor_ui::index(), &headers)
}

async fn part(Path(path): Path<String>, headers: HeaderMap) -> Response {
    send(candor_ui::asset(&format!("assets/{path}")), &headers)
}

fn send(asset: Option<Asset>, headers: &HeaderMap) -> Response {
    let Some(asset) = asset else {
        return (StatusCode::NOT_FOUND, "There is nothing at this path.").into_response();
    };
    let cache: [(HeaderName, &str); 2] =
        [(header::CACHE_CONTROL, asset.cache_control()), (header::ETAG, asset.etag.as_str())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| is_among(known, &asset.etag)) {
        return (StatusCode::NOT_MODIFIED, cache).into_response();
    }
    (cache, [(header::CONTENT_TYPE, asset.content_type)], asset.bytes).into_response()
}

/// Whether an `If-None-Match` names the tag, or any.
fn is_among(known: &HeaderValue, etag: &str) -> bool {
    known.to_str().is_ok_and(|known| known.split(',').map(str::trim).any(|tag| tag == etag || tag == "*"))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    async fn get(path: &str, header: (HeaderName, &str)) -> (StatusCode, HeaderMap, Vec<u8>) {
        let request = Request::get(path).header(header.0, header.1).body(Body::empty()).unwrap();
        let (head, body) = router().oneshot(request).await.unwrap().into_parts();
        (head.status, head.headers, body.collect().await.unwrap().to_bytes().to_vec())
    }

    #[tokio::test]
    async fn every_page_is_the_application_under_a_strict_policy() {
        for page in PAGES {
            let (status, headers, body) = get(page, (header::ACCEPT, "text/html")).await;
            assert_eq!(status, 200, "{page}");
            assert_eq!(body, &*candor_ui::index().unwrap().bytes, "{page}");
            let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
            assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
        }
    }

    #[tokio::test]
    async fn what_the_browser_has_is_not_sent_again() {
        let etag = candor_ui::index().unwrap().etag;
        let (status, headers, body) = get("/", (header::IF_NONE_MATCH, &etag)).await;
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
        assert_eq!(headers[header::ETAG], etag);
        assert_eq!(get("/", (header::IF_NONE_MATCH, "W/\"another\"")).await.0, 200);
    }

    #[tokio::test]
    async fn parts_are_sent_compressed_to_those_who_accept_it() {
        let index = candor_ui::index().unwrap().bytes;
        let index = std::str::from_utf8(&index).unwrap();
        let script = index.split('"').find(|part| part.starts_with("/assets/") && part.ends_with(".js")).unwrap();
        let (status, headers, plain) = get(script, (header::ACCEPT, "*/*")).await;
        assert_eq!(status, 200);
        assert!(headers[header::CACHE_CONTROL].to_str().unwrap().ends_with("immutable"));
        let (_, headers, packed) = get(script, (header::ACCEPT_ENCODING, "gzip")).await;
        assert_eq!(headers[header::CONTENT_ENCODING], "gzip");
        assert!(packed.len() < plain.len());
    }

    #[tokio::test]
    async fn the_widget_is_a_script_that_is_asked_for_again() {
        let (status, headers, body) = get("/widget.js", (header::ACCEPT, "*/*")).await;
        assert_eq!(
            (status, &headers[header::CONTENT_TYPE]),
            (StatusCode::OK, &HeaderValue::from_static("text/javascript; charset=utf-8"))
        );
        assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
        assert!(!body.is_empty());
    }

    #[tokio::test]
    async fn what_is_not_there_is_not_the_application() {
        for path in ["/assets/none.js", "/assets/..%2findex.html", "/assets/../index.html"] {
            assert_eq!(get(path, (header::ACCEPT, "*/*")).await.0, 404, "{path}");
        }
    }
}
