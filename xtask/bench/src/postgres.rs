//! A PostgreSQL of our own for Candor, MLflow and `pgbench`, with the durability of its defaults.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::process::free_port;

/// A running cluster.
#[derive(Debug)]
pub(crate) struct Cluster {
    programs: PathBuf,
    port: u16,
    databases: AtomicU32,
    folder: TempDir,
    is_root: bool,
}

impl Cluster {
    pub(crate) fn start() -> Result<Self> {
        let versions = fs::read_dir("/usr/lib/postgresql").context("PostgreSQL is not installed")?.flatten();
        let programs = versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("initdb").exists());
        let programs = programs.max().context("PostgreSQL is not installed")?;
        let folder = tempfile::tempdir()?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711))?;
        let is_root = fs::metadata("/proc/self")?.uid() == 0;
        let cluster = Self { programs, port: free_port()?, databases: AtomicU32::new(0), folder, is_root };
        let path = cluster.folder.path().display().to_string();
        if is_root {
            run(Command::new("chown").args(["postgres", &path]))?;
        }
        let data = format!("{path}/data");
        run(cluster.program("initdb").args([
            "-D",
            &data,
            "-U",
            "candor",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]))?;
        let options = format!("-p {} -k {path} -c listen_addresses=127.0.0.1", cluster.port);
        run(cluster.program("pg_ctl").args([
            "-D",
            &data,
            "-w",
            "-l",
            &format!("{path}/log"),
            "-o",
            &options,
            "start",
        ]))?;
        Ok(cluster)
    }

    /// Makes an empty database; returns its URL without the scheme.
    pub(crate) fn database(&self) -> Result<String> {
        let name = format!("bench_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(format!("candor@127.0.0.1:{}/{name}", self.port))
    }

    /// What a database holds on the disk, in bytes.
    pub(crate) fn bytes(&self, database: &str) -> Result<u64> {
        let name = database.rsplit('/').next().unwrap_or_default();
        let mut psql = self.client("psql");
        psql.args(["-d", name, "-A", "-t", "-c", "VACUUM", "-c", "SELECT pg_database_size(current_database())"]);
        let output = psql.output().context("cannot start psql")?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().last().unwrap_or_default().trim().parse()?)
    }

    fn sql(&self, database: &str, sql: &str) -> Result<()> {
        run(self.client("psql").args(["-d", database, "-q", "-c", sql]))
    }

    /// Single-row inserts per second by so many clients, each in a transaction of its own.
    pub(crate) fn inserts_per_second(&self, clients: usize, time: Duration) -> Result<f64> {
        let database = self.database()?;
        let name = database.rsplit('/').next().unwrap_or_default();
        self.sql(
            name,
            "CREATE TABLE verdicts (id uuid PRIMARY KEY, trace uuid, value boolean, at timestamptz, note text)",
        )?;
        let script = self.folder.path().join("insert.sql");
        fs::write(
            &script,
            "INSERT INTO verdicts VALUES (gen_random_uuid(), gen_random_uuid(), true, now(), 'as I see it');\n",
        )?;
        let seconds = time.as_secs().max(1).to_string();
        let clients = clients.to_string();
        let mut pgbench = self.client("pgbench");
        pgbench.args(["-n", "-M", "prepared", "-j", "2", "-c", &clients, "-T", &seconds, "-f"]).arg(&script).arg(name);
        let output = pgbench.output().context("cannot start pgbench")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = "));
        let rate = rate.and_then(|rest| rest.split(' ').next()).context("pgbench prints no rate")?;
        Ok(rate.parse()?)
    }

    fn client(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.args(["-h", "127.0.0.1", "-U", "candor", "-p", &self.port.to_string()]);
        command
    }

    /// A program of the server's, which refuses to be run by root.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = Command::new(if self.is_root { "setpriv".into() } else { program.clone() });
        if self.is_root {
            command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--"]).arg(program);
        }
        command.current_dir(self.folder.path()).stdout(Stdio::null());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.folder.path().join("data");
        let stop = self.program("pg_ctl").arg("-D").arg(data).args(["-m", "immediate", "stop"]).status();
        if stop.is_err() {
            eprintln!("the PostgreSQL server could not be stopped");
        }
    }
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(status.success(), "{command:?} failed");
    Ok(())
}
