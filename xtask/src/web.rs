//! The web parts: the React package, the widget and the application, in one npm workspace.

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::provision;

/// Where the npm workspace is.
const WORKSPACE: &str = "crates/candor-ui/web";
/// Where the built files are that the binary embeds.
const DIST: &str = "crates/candor-ui/dist";

/// Types, lints and unit tests, then the pieces in a real Chromium.
pub(crate) fn test(sh: &Shell) -> Result<()> {
    install(sh)?;
    provision::chromium(sh)?;
    let _in_workspace = sh.push_dir(WORKSPACE);
    for script in ["typecheck", "lint", "test", "e2e"] {
        cmd!(sh, "npm run {script}").run()?;
    }
    Ok(())
}

/// Builds the files that the binary embeds.
pub(crate) fn build(sh: &Shell) -> Result<()> {
    install(sh)?;
    let _in_workspace = sh.push_dir(WORKSPACE);
    cmd!(sh, "npm run build").run()?;
    Ok(())
}

/// Builds anew and compares with what is committed.
pub(crate) fn check_built_files(sh: &Shell) -> Result<()> {
    build(sh)?;
    let changed = cmd!(sh, "git status --porcelain -- {DIST}").read()?;
    if !changed.is_empty() {
        bail!("{DIST} is not what {WORKSPACE} builds; run `cargo xtask web` and commit:\n{changed}");
    }
    Ok(())
}

/// The packages of the lock file, anew whenever it has changed.
fn install(sh: &Shell) -> Result<()> {
    provision::node(sh)?;
    let stamp = format!("{WORKSPACE}/node_modules/package-lock.installed");
    let wanted = sh.read_file(format!("{WORKSPACE}/package-lock.json"))?;
    if sh.read_file(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    eprintln!("installing the npm packages of {WORKSPACE}");
    {
        let _in_workspace = sh.push_dir(WORKSPACE);
        cmd!(sh, "npm ci --no-audit --no-fund").run().context("the web parts need their npm packages")?;
    }
    sh.write_file(&stamp, wanted)?;
    Ok(())
}
