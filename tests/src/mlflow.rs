use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::process::{Process, free_port};
use crate::python::venv;

/// A running MLflow server, the real one, on a fresh SQLite file.
#[derive(Debug)]
pub struct Mlflow {
    url: String,
    _process: Process,
    _folder: TempDir,
}

impl Mlflow {
    /// Starts the server and waits until it answers, which takes some ten seconds.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("the machine has room for a folder");
        let port = free_port();
        let url = format!("http://127.0.0.1:{port}");
        let mut command = Command::new(venv("mlflow"));
        command
            .args(["server", "--host", "127.0.0.1", "--workers", "1", "--port", &port.to_string()])
            .arg("--backend-store-uri")
            .arg(format!("sqlite:///{}", folder.path().join("mlflow.db").display()))
            .arg("--artifacts-destination")
            .arg(folder.path().join("artifacts"))
            .env("MLFLOW_DISABLE_TELEMETRY", "true")
            // Its job workers have nothing to do here, and take ten seconds to start.
            .env("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = Process::spawn(&mut command);
        let deadline = Instant::now() + Duration::from_secs(120);
        while !reqwest::blocking::get(format!("{url}/health")).is_ok_and(|answer| answer.status().is_success()) {
            assert!(Instant::now() < deadline, "the MLflow server does not come up");
            std::thread::sleep(Duration::from_millis(200));
        }
        Self { url, _process: process, _folder: folder }
    }

    /// The server's base URL, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }
}
