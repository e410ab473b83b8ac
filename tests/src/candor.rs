use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use reqwest::blocking::{Client, RequestBuilder, Response};
use serde_json::Value;
use tempfile::TempDir;

use crate::process::Process;
use crate::workspace;

/// A running `candor serve`, with a SQLite file of its own.
#[derive(Debug)]
pub struct Candor {
    process: Process,
    url: String,
    folder: PathBuf,
    client: Client,
    _owned: Option<TempDir>,
}

/// How to start a [`Candor`].
#[derive(Debug, Default)]
pub struct CandorBuilder {
    folder: Option<PathBuf>,
    store: Option<String>,
    arguments: Vec<String>,
}

impl CandorBuilder {
    /// Keeps the file in `folder`, so that it outlives the process.
    #[must_use]
    pub fn folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_path_buf());
        self
    }

    /// Works on another store than the SQLite file in the folder.
    #[must_use]
    pub fn store(mut self, url: &str) -> Self {
        self.store = Some(url.to_owned());
        self
    }

    /// Adds a command-line argument.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Starts the server and waits until it listens.
    pub fn start(self) -> Candor {
        let owned = self.folder.is_none().then(|| tempfile::tempdir().expect("the machine has room for a folder"));
        let folder = self.folder.unwrap_or_else(|| owned.as_ref().expect("made above").path().to_path_buf());
        let store = self.store.unwrap_or_else(|| store_argument(&folder));
        let mut command = Candor::command();
        command.args(["serve", "--port", "0", "--store"]).arg(&store).args(self.arguments);
        let mut process = Process::spawn(command.stdout(Stdio::piped()));
        let stdout = process.child().stdout.take().expect("stdout is piped");
        let url = BufReader::new(stdout)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned))
            .expect("`candor serve` prints the address that it listens on");
        let client = Client::builder().timeout(Duration::from_secs(60)).build().expect("the client needs no TLS");
        Candor { process, url, folder, client, _owned: owned }
    }
}

impl Candor {
    /// Starts a server on a fresh file.
    pub fn start() -> Self {
        CandorBuilder::default().start()
    }

    /// A server to be started otherwise.
    pub fn builder() -> CandorBuilder {
        CandorBuilder::default()
    }

    /// The binary, to be run with arguments.
    pub fn command() -> Command {
        // Test binaries lie in target/<profile>/deps, the binary one level up.
        let test = std::env::current_exe().expect("a test knows its own path");
        let binary = test.ancestors().nth(2).expect("the path has a profile folder").join("candor");
        assert!(binary.exists(), "{} is missing: run `cargo build --package candor`", binary.display());
        let mut command = Command::new(binary);
        command.env("RUST_LOG", "warn").current_dir(workspace());
        command
    }

    /// Runs the binary to its end.
    pub fn run(arguments: &[&str]) -> Output {
        Self::command().args(arguments).output().expect("the binary runs")
    }

    /// The server's base URL, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The folder of the SQLite file.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The store as the command line names it.
    pub fn store(&self) -> String {
        store_argument(&self.folder)
    }

    /// A request to be completed and sent.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = method.parse().expect("a method of HTTP");
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// Sends a GET request.
    pub fn get(&self, path: &str) -> Response {
        self.request("GET", path).send().expect("the server answers")
    }

    /// Sends a POST request with a JSON body.
    pub fn post(&self, path: &str, body: &Value) -> Response {
        self.request("POST", path).json(body).send().expect("the server answers")
    }

    /// Ends the process at once, as `kill -9` does.
    pub fn kill(mut self) {
        self.process.child().kill().expect("the process can be killed");
        self.process.child().wait().expect("the process has ended");
    }

    /// Asks the process to end, as `kill` does, and waits for it.
    pub fn terminate(mut self) -> ExitStatus {
        let pid = self.process.child().id().to_string();
        let status = Command::new("kill").arg(pid).status().expect("`kill` runs");
        assert!(status.success());
        self.process.child().wait().expect("the process ends")
    }
}

fn store_argument(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("candor.db").display())
}
