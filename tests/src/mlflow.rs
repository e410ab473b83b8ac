use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::process::{Process, free_port};
use crate::python::venv;

/// An MLflow server, the real one, on a SQLite file that was fresh when it first started.
#[derive(Debug)]
pub struct Mlflow {
    setup: MlflowBuilder,
    port: u16,
    url: String,
    /// `None` while it is down.
    process: Option<Process>,
    folder: TempDir,
}

/// How to start an [`Mlflow`].
#[derive(Clone, Debug)]
pub struct MlflowBuilder {
    program: PathBuf,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    tls: bool,
}

impl MlflowBuilder {
    /// Adds a command-line argument.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Serves HTTPS as `localhost`, with a certificate and its key in PEM files.
    #[must_use]
    pub fn tls(mut self, certificate: &Path, key: &Path) -> Self {
        self.tls = true;
        let options = format!("--ssl-certfile {} --ssl-keyfile {}", certificate.display(), key.display());
        self.argument("--uvicorn-opts").argument(&options)
    }

    /// Starts the server and waits until it answers, which takes some ten seconds.
    pub fn start(self) -> Mlflow {
        let folder = tempfile::tempdir().expect("the machine has room for a folder");
        let port = free_port();
        let url = if self.tls { format!("https://localhost:{port}") } else { format!("http://127.0.0.1:{port}") };
        let mut mlflow = Mlflow { setup: self, port, url, process: None, folder };
        mlflow.start_again();
        let fresh = mlflow.folder.path().join("fresh.db");
        let copied = mlflow.database().execute("VACUUM INTO ?1", [fresh.display().to_string()]);
        copied.expect("the server's database can be copied");
        mlflow
    }
}

impl Mlflow {
    /// Starts the server and waits until it answers, which takes some ten seconds.
    pub fn start() -> Self {
        Self::builder(&venv("mlflow")).start()
    }

    /// A server to be started otherwise, with that `mlflow` program, of whichever version.
    pub fn builder(program: &Path) -> MlflowBuilder {
        let program = program.to_path_buf();
        MlflowBuilder { program, arguments: Vec::new(), variables: Vec::new(), tls: false }
    }

    /// Starts the server with that `mlflow` program, of whichever version.
    pub fn start_from(program: &Path) -> Self {
        Self::builder(program).start()
    }

    /// Ends the server at once, as `kill -9` does.
    pub fn kill(&mut self) {
        self.process = None; // dropping it kills it
    }

    /// Starts the server on the same port and file and waits until it answers.
    pub fn start_again(&mut self) {
        let folder = self.folder.path();
        let mut command = Command::new(&self.setup.program);
        command
            .args(["server", "--host", "127.0.0.1", "--workers", "1", "--port", &self.port.to_string()])
            .arg("--backend-store-uri")
            .arg(format!("sqlite:///{}", folder.join("mlflow.db").display()))
            .arg("--artifacts-destination")
            .arg(folder.join("artifacts"))
            .args(&self.setup.arguments)
            .envs(self.setup.variables.iter().map(|(name, value)| (name, value)))
            .env("MLFLOW_DISABLE_TELEMETRY", "true")
            // Its job workers have nothing to do here, and take ten seconds to start.
            .env("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.process = Some(Process::spawn(&mut command));
        let deadline = Instant::now() + Duration::from_secs(120);
        while !self.is_up() {
            assert!(Instant::now() < deadline, "the MLflow server does not come up");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn is_up(&self) -> bool {
        if self.setup.tls {
            // Whether its certificate is any good is the test's business.
            return TcpStream::connect(("127.0.0.1", self.port)).is_ok();
        }
        reqwest::blocking::get(format!("{}/health", self.url)).is_ok_and(|answer| answer.status().is_success())
    }

    /// Makes the server forget everything, which is much faster than to start another one.
    ///
    /// It keeps nothing of traces and experiments in memory, so its database is all there is.
    pub fn reset(&self) {
        let database = self.database();
        let emptied = database.execute_batch("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE").and_then(|()| {
            let mut tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
            let tables = tables.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
            for table in tables {
                // Generated columns are not among them.
                let columns = "SELECT group_concat('\"' || name || '\"') FROM pragma_table_info(?1)";
                let columns: String = database.query_row(columns, [&table], |row| row.get(0))?;
                database.execute_batch(&format!(
                    "DELETE FROM main.\"{table}\";
                     INSERT INTO main.\"{table}\" ({columns}) SELECT {columns} FROM fresh.\"{table}\""
                ))?;
            }
            database.execute_batch("COMMIT")
        });
        emptied.expect("the server's database can be emptied");
    }

    fn database(&self) -> Connection {
        let file = |name: &str| -> PathBuf { self.folder.path().join(name) };
        let open = || {
            let database = Connection::open(file("mlflow.db"))?;
            database.busy_timeout(Duration::from_secs(30))?;
            if file("fresh.db").exists() {
                database.execute("ATTACH ?1 AS fresh", [file("fresh.db").display().to_string()])?;
            }
            Ok::<_, rusqlite::Error>(database)
        };
        open().expect("the server's database can be opened")
    }

    /// The server's base URL, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }
}
