use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::process::{Process, free_port};

/// A PostgreSQL server, the real one, with a cluster of its own; commits are synced to the disk.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    /// Who runs it, when we are root, which it refuses to be.
    user: Option<&'static str>,
    port: u16,
    /// `None` while it is down.
    process: Option<Process>,
    databases: AtomicU32,
    folder: TempDir,
}

impl Postgres {
    /// Makes a cluster, starts it and waits until it answers, which takes some two seconds.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("the machine has room for a folder");
        let user = is_root().then_some("postgres");
        let mut postgres =
            Self { programs: programs(), user, port: free_port(), process: None, databases: AtomicU32::new(0), folder };
        if let Some(user) = user {
            fs::set_permissions(postgres.folder.path(), fs::Permissions::from_mode(0o711)).expect("the folder is ours");
            run(Command::new("chown").arg(user).arg(postgres.folder.path()));
        }
        let mut initdb = postgres.program("initdb");
        initdb.arg("--pgdata").arg(postgres.data()).args(["--username=candor", "--auth=trust", "--encoding=UTF8"]);
        run(initdb.args(["--locale=C.UTF-8", "--no-sync"]).stdout(Stdio::null()));
        postgres.start_again();
        postgres
    }

    /// Starts the server on the same port and files, as an operator would after a crash.
    pub fn start_again(&mut self) {
        let mut server = self.program("postgres");
        server.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path()).args(["-p", &self.port.to_string()]);
        server.args(["-c", "listen_addresses=127.0.0.1"]).stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(Process::spawn(&mut server));
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.try_execute("postgres", "SELECT 1").is_none() {
            assert!(Instant::now() < deadline, "the PostgreSQL server does not come up");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends the server and all of its processes at once, as the loss of power does.
    pub fn kill(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        // Those that serve connections have left the process group.
        let server = process.child().id().to_string();
        let children = Command::new("pgrep").args(["-P", &server]).output().expect("pgrep can be started");
        drop(process); // which kills it
        let children = String::from_utf8_lossy(&children.stdout).into_owned();
        let _ = Command::new("kill").arg("-9").args(children.split_whitespace()).stderr(Stdio::null()).status();
    }

    /// Offers encryption from now on, with a certificate and its key in PEM.
    pub fn serve_tls(&self, certificate: &str, key: &str) {
        for (name, pem) in [("server.crt", certificate), ("server.key", key)] {
            let file = self.data().join(name);
            fs::write(&file, pem).expect("the folder is ours");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("the file is ours");
            if let Some(user) = self.user {
                run(Command::new("chown").arg(user).arg(&file));
            }
        }
        for sql in ["ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()"] {
            self.try_execute("postgres", sql).expect("the server takes settings");
        }
    }

    /// Makes an empty database and returns its URL.
    pub fn database(&self) -> String {
        let name = format!("candor_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let created = self.try_execute("postgres", &format!("CREATE DATABASE {name}"));
        created.expect("the server makes databases");
        format!("postgres://candor@127.0.0.1:{}/{name}", self.port)
    }

    /// Runs SQL in a database and returns what it prints; `None` when it fails.
    pub fn try_execute(&self, database: &str, sql: &str) -> Option<String> {
        let output = self.psql(database, sql).stderr(Stdio::null()).output().expect("psql can be started");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn psql(&self, database: &str, sql: &str) -> Command {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["--host=127.0.0.1", "--username=candor", "--no-psqlrc", "--tuples-only", "--no-align"]);
        psql.args(["--port", &self.port.to_string(), "--dbname", database, "--command", sql]).stdout(Stdio::piped());
        psql
    }

    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = match self.user {
            None => Command::new(program),
            Some(user) => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", user, "--regid", user, "--clear-groups", "--"]).arg(program);
                command
            }
        };
        command.current_dir(self.folder.path());
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Where the server's programs are: `CANDOR_POSTGRES_BIN`, else the newest that Debian has installed.
fn programs() -> PathBuf {
    if let Some(folder) = std::env::var_os("CANDOR_POSTGRES_BIN") {
        return folder.into();
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin"))))
        .filter(|(_, programs)| programs.join("initdb").exists())
        .max();
    newest.expect("PostgreSQL is installed, or CANDOR_POSTGRES_BIN names the folder of its programs").1
}

fn is_root() -> bool {
    fs::metadata(Path::new("/proc/self")).is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0)
}

fn run(command: &mut Command) {
    let status = command.status().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    assert!(status.success(), "{command:?} failed");
}
