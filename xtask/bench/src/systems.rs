//! Candor and its peers, each with a folder of its own, ready to be driven.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::load::{self, Connection};
use crate::postgres::Cluster;
use crate::process::{Server, free_port};

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Candor,
    CandorPostgres,
    Mlflow,
    MlflowPostgres,
    Phoenix,
    BareHttp,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Candor => "Candor",
            Self::CandorPostgres => "Candor on PostgreSQL",
            Self::Mlflow => "MLflow",
            Self::MlflowPostgres => "MLflow on PostgreSQL",
            Self::Phoenix => "Phoenix",
            Self::BareHttp => "bare HTTP",
        }
    }

    /// Whether it takes MLflow's requests.
    pub(crate) const fn speaks_mlflow(self) -> bool {
        !matches!(self, Self::Phoenix | Self::BareHttp)
    }

    pub(crate) const fn is_candor(self) -> bool {
        matches!(self, Self::Candor | Self::CandorPostgres)
    }
}

/// A running system.
#[derive(Debug)]
pub(crate) struct System {
    pub(crate) kind: Kind,
    candor: PathBuf,
    server: Option<Server>,
    database: Option<String>,
    folder: TempDir,
}

impl System {
    /// Starts a system that holds nothing.
    pub(crate) async fn start(kind: Kind, candor: &Path, cluster: Option<&Cluster>) -> Result<Self> {
        let database = match kind {
            Kind::CandorPostgres | Kind::MlflowPostgres => {
                Some(cluster.context("PostgreSQL is not running")?.database()?)
            }
            _ => None,
        };
        let folder = tempfile::tempdir_in("target/bench")?;
        let mut system = Self { kind, candor: candor.to_owned(), server: None, database, folder };
        system.start_again().await?;
        Ok(system)
    }

    /// Starts the server on what it holds.
    pub(crate) async fn start_again(&mut self) -> Result<()> {
        let port = free_port()?;
        let at = port.to_string();
        let folder = self.folder.path();
        let own = |store: &str| format!("{store}{}", self.database.as_deref().unwrap_or_default());
        let (mut command, health) = match self.kind {
            Kind::Candor | Kind::CandorPostgres => {
                let store = match &self.database {
                    Some(_) => own("postgres://"),
                    None => format!("sqlite:{}", folder.join("candor.db").display()),
                };
                let mut command = Command::new(&self.candor);
                command.args(["serve", "--port", &at, "--store", &store]).env("RUST_LOG", "warn");
                (command, "/health")
            }
            Kind::Mlflow | Kind::MlflowPostgres => {
                let store = match &self.database {
                    Some(_) => own("postgresql+psycopg2://"),
                    None => format!("sqlite:///{}", std::path::absolute(folder.join("mlflow.db"))?.display()),
                };
                let mut command = Command::new(mlflow());
                command.args(["server", "--host", "127.0.0.1", "--port", &at, "--backend-store-uri", &store]);
                command.arg("--artifacts-destination").arg(folder.join("artifacts"));
                command.env("MLFLOW_DISABLE_TELEMETRY", "true").env("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false");
                (command, "/health")
            }
            Kind::Phoenix => {
                let mut command = Command::new("target/venv-phoenix/bin/phoenix");
                command.arg("serve").env("PHOENIX_WORKING_DIR", std::path::absolute(folder)?).env("PHOENIX_PORT", &at);
                command.env("PHOENIX_GRPC_PORT", free_port()?.to_string()).env("PHOENIX_HOST", "127.0.0.1");
                command.env("PHOENIX_TELEMETRY_ENABLED", "false");
                (command, "/healthz")
            }
            Kind::BareHttp => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["bare-http", "--port", &at]);
                (command, "/health")
            }
        };
        self.server = Some(Server::start(&mut command, port, health).await?);
        Ok(())
    }

    /// Waits until nothing that was acknowledged is left to do: Phoenix writes spans later, all others before.
    pub(crate) async fn settle(&self) -> Result<()> {
        if self.kind != Kind::Phoenix {
            return Ok(());
        }
        let mut connection = Connection::open(self.address()?).await?;
        let count = load::json("POST", "/graphql", &json!({"query": "{projects{edges{node{recordCount}}}}"}));
        let (mut written, mut unchanged) = (0, 0);
        while unchanged < 3 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let answer: Value = serde_json::from_slice(connection.exchange(&count).await?)?;
            let projects = answer["data"]["projects"]["edges"].as_array().into_iter().flatten();
            let now: u64 = projects.filter_map(|project| project["node"]["recordCount"].as_u64()).sum();
            unchanged = if now == written { unchanged + 1 } else { 0 };
            written = now;
        }
        Ok(())
    }

    pub(crate) fn server(&self) -> Result<&Server> {
        self.server.as_ref().context("the server is stopped")
    }

    pub(crate) fn address(&self) -> Result<SocketAddr> {
        Ok(self.server()?.address)
    }

    /// Stops the server in good order.
    pub(crate) fn stop(&mut self) -> Result<()> {
        self.server.take().map_or(Ok(()), Server::stop)
    }

    /// What it holds on the disk, in bytes; meant for when it is stopped.
    pub(crate) fn disk_bytes(&self, cluster: Option<&Cluster>) -> Result<u64> {
        if let (Some(database), Some(cluster)) = (&self.database, cluster) {
            return cluster.bytes(database);
        }
        let files = std::fs::read_dir(self.folder.path())?.flatten();
        Ok(files.filter_map(|file| file.metadata().ok()).filter(|file| file.is_file()).map(|file| file.len()).sum())
    }
}

/// The environment with the database driver, when it was made; else the one that the tests use.
pub(crate) fn mlflow() -> PathBuf {
    let full = Path::new("target/venv-bench/bin/mlflow");
    if full.exists() { full.to_owned() } else { "target/venv/bin/mlflow".into() }
}
