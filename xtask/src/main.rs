//! Automation of this workspace: `cargo xtask <command>`.
//!
//! | command | does |
//! |---|---|
//! | `test` | provisions what the tests need, then runs all of them |
//! | `ci` | formatting, lints, docs, then `test`; names the checks whose tools are not installed |
//! | `bench` | measures Candor beside its peers and writes `docs/benchmarks.md`; `--quick` measures a little of everything, `--micro` parts by themselves |
//! | `docs` | builds the API docs, warnings being errors, and checks the links between Markdown files |
//! | `web` | builds the web UI and the widget into `crates/candor-ui/dist` |

mod bench;
mod checks;
mod docs;
mod provision;
#[cfg(test)]
mod tidy;
mod web;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use xshell::{Shell, cmd};

fn main() -> Result<()> {
    let sh = Shell::new()?;
    sh.change_dir(workspace_root());
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["test"] => test(&sh),
        ["ci"] => checks::ci(&sh),
        ["bench", ref arguments @ ..] => bench::run(&sh, arguments),
        ["docs"] => docs::build_and_check(&sh),
        ["web"] => web::build(&sh),
        _ => bail!("usage: cargo xtask test | ci | bench | docs | web"),
    }
}

/// Runs every test there is, on real parts; what is missing is installed or named, never skipped.
fn test(sh: &Shell) -> Result<()> {
    provision::nextest(sh)?;
    provision::python(sh)?;
    provision::postgresql(sh)?;
    // The end-to-end tests start this binary.
    cmd!(sh, "cargo build --locked --package candor").run()?;
    // Before the end-to-end tests, one of which drives the Chromium that this installs.
    web::test(sh)?;
    cmd!(sh, "cargo nextest run --locked --workspace --all-features").run()?;
    cmd!(sh, "cargo test --locked --doc --workspace --all-features --quiet").run()?;
    examples(sh)?;
    bench::smoke(sh)
}

/// Examples are documentation that must keep working.
fn examples(sh: &Shell) -> Result<()> {
    cmd!(sh, "cargo run --locked --quiet --package candor-http --example feedback_only").run()?;
    cmd!(sh, "cargo run --locked --quiet --package candor-store --features conformance --example toy_backend").run()?;
    cmd!(sh, "cargo run --locked --quiet --package candor-chat --example chat_service").run()?;
    Ok(())
}

fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}
