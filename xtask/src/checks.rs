//! What must hold before a change lands.

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::{docs, test, web};

/// Runs every check, cheap ones first.
pub(crate) fn ci(sh: &Shell) -> Result<()> {
    cmd!(sh, "cargo fmt --all --check").run()?;
    cmd!(sh, "cargo clippy --locked --workspace --all-targets --all-features -- --deny warnings").run()?;
    docs::build_and_check(sh)?;
    test(sh)?;
    web::check_built_files(sh)?;
    let mut not_run = Vec::new();
    if is_installed(sh, "cargo-deny") {
        cmd!(sh, "cargo deny --config .deny.toml check").run()?;
    } else {
        not_run.push("cargo deny (licences, advisories): cargo-deny is not installed");
    }
    for check in not_run {
        eprintln!("not run: {check}");
    }
    Ok(())
}

/// Whether a cargo subcommand is there.
pub(crate) fn is_installed(sh: &Shell, tool: &str) -> bool {
    let subcommand = tool.trim_start_matches("cargo-");
    cmd!(sh, "cargo {subcommand} --version").quiet().ignore_stderr().ignore_stdout().run().is_ok()
}
