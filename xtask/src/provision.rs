//! Makes sure that the tools the tests drive are there, and says which one could not be had.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::checks::is_installed;

/// The test runner.
pub(crate) fn nextest(sh: &Shell) -> Result<()> {
    if is_installed(sh, "cargo-nextest") {
        return Ok(());
    }
    eprintln!("installing cargo-nextest");
    cmd!(sh, "cargo install cargo-nextest --locked")
        .run()
        .context("the tests need cargo-nextest, which could not be installed")
}

/// Virtual environments with the real MLflow, client and server, of the versions that the tests drive.
pub(crate) fn python(sh: &Shell) -> Result<()> {
    const ENVIRONMENTS: [(&str, &str); 3] = [
        ("target/venv", "tests/python/requirements.txt"),
        ("target/venv-mlflow-oldest", "tests/python/requirements-oldest.txt"),
        ("target/venv-mlflow-2", "tests/python/requirements-2.txt"),
    ];
    ENVIRONMENTS.iter().try_for_each(|(venv, requirements)| environment(sh, venv.into(), requirements))
}

/// Those that only benchmarks need: MLflow with a database driver, and Arize Phoenix.
pub(crate) fn bench_python(sh: &Shell) -> Result<()> {
    environment(sh, "target/venv-bench".into(), "xtask/bench/requirements-mlflow.txt")?;
    environment(sh, "target/venv-phoenix".into(), "xtask/bench/requirements-phoenix.txt")
}

fn environment(sh: &Shell, venv: PathBuf, requirements: &str) -> Result<()> {
    let stamp = venv.join("requirements.installed");
    let wanted = sh.read_file(requirements)?;
    if sh.read_file(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    eprintln!("installing Python packages into {}", venv.display());
    sh.remove_path(&venv)?;
    if cmd!(sh, "python3 -m venv {venv}").run().is_err() {
        apt_install(sh, &["python3", "python3-venv"])?;
        cmd!(sh, "python3 -m venv {venv}").run().context("the tests need Python 3.10 or later with venv")?;
    }
    let pip = venv.join("bin/pip");
    cmd!(sh, "{pip} install --quiet --disable-pip-version-check --requirement {requirements}")
        .run()
        .with_context(|| format!("pip could not install what {requirements} lists"))?;
    sh.write_file(&stamp, wanted)?;
    Ok(())
}

/// Node.js and npm, which build and test the web parts.
pub(crate) fn node(sh: &Shell) -> Result<()> {
    if cmd!(sh, "npm --version").quiet().ignore_stdout().ignore_stderr().run().is_err() {
        apt_install(sh, &["nodejs", "npm"])?;
    }
    let version = cmd!(sh, "node --version").read().context("the web parts need Node.js 20.19 or later")?;
    let mut numbers = version.trim_start_matches('v').split('.').map(|part| part.parse::<u32>().unwrap_or_default());
    let found = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    if found < (20, 19) {
        bail!("the web parts need Node.js 20.19 or later, found {version}");
    }
    Ok(())
}

/// The browser that the web parts are tested in; the variable `CHROMIUM` names another one.
pub(crate) fn chromium(sh: &Shell) -> Result<()> {
    const PLACES: [&str; 3] = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    if std::env::var_os("CHROMIUM").is_some() || PLACES.iter().any(|place| sh.path_exists(place)) {
        return Ok(());
    }
    apt_install(sh, &["chromium"])
}

/// The PostgreSQL server; the variable `CANDOR_POSTGRES_BIN` names the folder of another one's programs.
pub(crate) fn postgresql(sh: &Shell) -> Result<()> {
    let is_there = sh
        .read_dir("/usr/lib/postgresql")
        .is_ok_and(|versions| versions.iter().any(|version| sh.path_exists(version.join("bin/initdb"))));
    if std::env::var_os("CANDOR_POSTGRES_BIN").is_some() || is_there {
        return Ok(());
    }
    apt_install(sh, &["postgresql"])
}

/// Installs Debian packages, which needs root.
fn apt_install(sh: &Shell, packages: &[&str]) -> Result<()> {
    let user = cmd!(sh, "id -u").read()?;
    if user != "0" || cmd!(sh, "apt-get --version").quiet().ignore_stdout().run().is_err() {
        bail!("the tests need {}: install them, or run as root on Debian", packages.join(", "));
    }
    cmd!(sh, "apt-get update --quiet").run()?;
    cmd!(sh, "apt-get install --yes --quiet --no-install-recommends {packages...}").run()?;
    Ok(())
}
