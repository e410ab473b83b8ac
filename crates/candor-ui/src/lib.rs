//! The web UI as files in the binary: pages that show every verdict beside its answer.
//!
//! Depend on this crate to serve the UI from a server of your own; `candor_http::ui` does so with
//! axum. It looks files up and says how they are to be sent. It answers no request and knows no
//! HTTP library, no store and no API: the pages call Candor's HTTP API on the host that served them.
//!
//! The source is TypeScript below `web/`; the built files are in `dist/` and are committed, so that
//! `cargo build` needs no Node. Debug builds read `dist/` from disk at run time, so a page that was
//! built anew shows without compiling; release builds carry the files.
//!
//! # Features
//! None.
//!
//! ```
//! let index = candor_ui::index().expect("the built files are committed");
//! assert_eq!(index.content_type, "text/html; charset=utf-8");
//! assert_eq!(index.cache_control(), "no-cache");
//! assert!(candor_ui::asset("no/such/file.js").is_none());
//! ```

use std::borrow::Cow;

/// What pages may load and call: this host alone, no inline scripts or styles, no plug-ins.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' \
     data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'self'";

/// A file of the UI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// What is in it.
    pub bytes: Cow<'static, [u8]>,
    /// Its media type, for `Content-Type`.
    pub content_type: &'static str,
    /// Its entity tag, for `ETag`: weak, since a server may send the file compressed.
    pub etag: String,
    /// Whether its name changes with its content.
    pub is_immutable: bool,
}

impl Asset {
    /// How long it may be kept, for `Cache-Control`: for a year if its name holds its hash, else
    /// until it is asked for again.
    pub const fn cache_control(&self) -> &'static str {
        if self.is_immutable { "public, max-age=31536000, immutable" } else { "no-cache" }
    }
}

/// The page that all paths of the UI begin with; `None` only when `dist/` was removed.
pub fn index() -> Option<Asset> {
    asset("index.html")
}

/// The file at `path`, relative and without a slash in front, e.g. `assets/app-B2x9.js`.
pub fn asset(path: &str) -> Option<Asset> {
    // A release build knows its files by name alone; one that reads from disk must not know more.
    if path.split('/').any(|part| part == "..") {
        return None;
    }
    let file = Dist::get(path)?;
    // Half of SHA-256 tells files apart.
    let hash: String = file.metadata.sha256_hash().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Some(Asset {
        bytes: file.data,
        content_type: content_type(path),
        etag: format!("W/\"{hash}\""),
        // The bundler puts all that it names by its hash there.
        is_immutable: path.starts_with("assets/"),
    })
}

#[derive(rust_embed::Embed)]
#[folder = "dist/"]
struct Dist;

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_page_loads_its_parts_from_here_alone() {
        let index = index().unwrap();
        let html = std::str::from_utf8(&index.bytes).unwrap();
        let references: Vec<&str> =
            html.split(['"', '\'']).filter(|part| part.starts_with('/') || part.starts_with("http")).collect();
        assert!(references.iter().any(|path| path.ends_with(".js")), "no script in {html}");
        for path in references {
            let path = path.strip_prefix('/').unwrap_or_else(|| panic!("{path} is on another host"));
            assert!(asset(path).is_some(), "{path} is not among the built files");
        }
    }

    #[test]
    fn the_first_page_has_nothing_that_its_policy_forbids() {
        let index = index().unwrap();
        let html = std::str::from_utf8(&index.bytes).unwrap();
        assert!(!html.contains("<style") && !html.contains(" style=") && !html.contains(" onload="), "{html}");
        let inline = html
            .split("<script")
            .skip(1)
            .any(|script| !script.starts_with(" type=\"module\" crossorigin src=") && !script.starts_with(" src="));
        assert!(!inline, "{html}");
    }

    #[test]
    fn names_with_a_hash_are_kept_and_others_asked_for_again() {
        assert_eq!(index().unwrap().cache_control(), "no-cache");
        let html = index().unwrap().bytes;
        let html = std::str::from_utf8(&html).unwrap();
        let script = html.split('"').find(|part| part.starts_with("/assets/") && part.ends_with(".js")).unwrap();
        let script = asset(&script[1..]).unwrap();
        assert_eq!(script.cache_control(), "public, max-age=31536000, immutable");
        assert_ne!(script.etag, index().unwrap().etag);
        assert_eq!(script.content_type, "text/javascript; charset=utf-8");
    }

    #[test]
    fn no_path_leads_out_of_the_folder() {
        assert!(asset("../Cargo.toml").is_none());
        assert!(asset("assets/../index.html").is_none());
        assert!(asset("/etc/passwd").is_none());
        assert!(asset("").is_none());
    }
}
