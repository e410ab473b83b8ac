use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use candor::{DatabaseOptions, StoreOptions, StoreUrl};
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Collects, keeps and counts the feedback that people give to GenAI applications.
#[derive(Debug, Parser)]
#[command(version, about, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the MLflow-compatible API, OTLP ingest, the feedback API and analytics.
    Serve(ServeArguments),
    /// Report feedback rate and ratings of an experiment, also beside a running server.
    Analyze(AnalyzeArguments),
    /// Copy everything into another store, resuming where an earlier run ended.
    Export(ExportArguments),
    /// Copy everything from another store, resuming where an earlier run ended.
    Import(ImportArguments),
    /// Look at what `serve` has accepted and not forwarded yet, and decide on it.
    Spool(SpoolArguments),
    /// Check a store: can it be opened, is it sound, what is in it.
    Doctor(DoctorArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Address to listen on.
    #[arg(long, env = "CANDOR_HOST", default_value = "127.0.0.1")]
    pub(crate) host: IpAddr,
    /// Port to listen on; 0 takes a free one.
    #[arg(long, env = "CANDOR_PORT", default_value_t = 5000)]
    pub(crate) port: u16,
    #[command(flatten)]
    pub(crate) store: StoreArgument,
    /// Experiment, by name, that the feedback API looks in for traces [default: all].
    #[arg(long, env = "CANDOR_EXPERIMENT")]
    pub(crate) experiment: Option<String>,
    /// Refuse feedback whose trace is not there (404) instead of holding it until the trace lands.
    #[arg(long, env = "CANDOR_STRICT")]
    pub(crate) strict: bool,
    /// Dimensions of detailed feedback, each on a scale from 1 to 5.
    #[arg(long, env = "CANDOR_DIMENSIONS", value_delimiter = ',', default_value = "accuracy,helpfulness,relevance")]
    pub(crate) dimensions: Vec<String>,
    /// Reasons that pages offer after a thumb down.
    #[arg(
        long,
        env = "CANDOR_CATEGORIES",
        value_delimiter = ',',
        default_value = "incorrect,incomplete,irrelevant,too long,unsafe"
    )]
    pub(crate) categories: Vec<String>,
    /// Hours after which feedback still waiting for its trace is listed as orphaned, in a spool as a dead letter.
    #[arg(long, env = "CANDOR_ORPHAN_HOURS", default_value_t = 1)]
    pub(crate) orphan_hours: u32,
    /// Web origins, besides this server's own and localhost, whose pages may send feedback.
    #[arg(long, env = "CANDOR_ALLOWED_ORIGINS", value_delimiter = ',')]
    pub(crate) allowed_origins: Vec<String>,
    /// Largest request body, in MiB.
    #[arg(long, env = "CANDOR_MAX_BODY_MIB", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) max_body_mib: u16,
    /// Seconds that a request may take.
    #[arg(long, env = "CANDOR_TIMEOUT_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) timeout_seconds: u16,
    /// File that keeps writes until a remote store has taken them [default: ./candor-spool.db].
    #[arg(long, env = "CANDOR_SPOOL", conflicts_with = "no_spool")]
    pub(crate) spool: Option<PathBuf>,
    /// Hand writes straight to a remote store: what it cannot take now is refused with 503.
    #[arg(long, env = "CANDOR_NO_SPOOL")]
    pub(crate) no_spool: bool,
    /// Entries that the spool may hold, dead letters included; more are turned away with 503.
    #[arg(long, env = "CANDOR_SPOOL_ENTRIES", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) spool_entries: u64,
    /// Size of all entries that the spool may hold, in MiB.
    #[arg(long, env = "CANDOR_SPOOL_MIB", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) spool_mib: u64,
    /// Also answer questions about Candor at /chat and /chat/stream, each answer a trace to be judged.
    #[arg(long, env = "CANDOR_DEMO")]
    pub(crate) demo: bool,
    /// Base URL of an OpenAI-compatible endpoint that answers in the demonstration, e.g. http://127.0.0.1:8080/v1; the key is
    /// read from CANDOR_LLM_KEY or OPENAI_API_KEY [default: passages are quoted].
    #[arg(long, env = "CANDOR_LLM_URL", requires_all = ["demo", "llm_model"])]
    pub(crate) llm_url: Option<String>,
    /// The model to ask for at --llm-url.
    #[arg(long, env = "CANDOR_LLM_MODEL", requires = "llm_url")]
    pub(crate) llm_model: Option<String>,
    /// Days that traces are kept, with their feedback, counted from the request; PostgreSQL forgets whole months
    /// [default: for ever].
    #[arg(long, env = "CANDOR_RETAIN_DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) retain_days: Option<u32>,
    /// Writes that may wait; more are turned away with 503.
    #[arg(long, env = "CANDOR_QUEUE", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) queue: u32,
    /// Form of the logs on standard error.
    #[arg(long, env = "CANDOR_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
}

impl ServeArguments {
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.into())
    }

    pub(crate) fn body_bytes(&self) -> usize {
        usize::from(self.max_body_mib) << 20
    }
}

#[derive(Debug, Args)]
pub(crate) struct AnalyzeArguments {
    /// Name of the experiment.
    #[arg(long, env = "CANDOR_EXPERIMENT")]
    pub(crate) experiment: String,
    /// How far back to look, in hours.
    #[arg(long, default_value_t = 24)]
    pub(crate) hours: u32,
    /// A table for people, or JSON for programs.
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub(crate) format: ReportFormat,
    #[command(flatten)]
    pub(crate) store: StoreArgument,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    #[command(flatten)]
    pub(crate) store: StoreArgument,
    /// The store to write to.
    #[arg(long)]
    pub(crate) to: StoreUrl,
    #[command(flatten)]
    pub(crate) transfer: TransferArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// The store to read from.
    #[arg(long)]
    pub(crate) from: StoreUrl,
    #[command(flatten)]
    pub(crate) store: StoreArgument,
    #[command(flatten)]
    pub(crate) transfer: TransferArguments,
}

#[derive(Debug, Args)]
pub(crate) struct TransferArguments {
    /// Only this experiment, by name; may be given several times [default: all, deleted ones too].
    #[arg(long = "experiment")]
    pub(crate) experiments: Vec<String>,
    /// Compare both sides afterwards, trace by trace.
    #[arg(long)]
    pub(crate) verify: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SpoolArguments {
    #[command(subcommand)]
    pub(crate) command: SpoolCommand,
    /// The spool's file; a running server may have it open.
    #[arg(long = "spool", env = "CANDOR_SPOOL", default_value = DEFAULT_SPOOL, global = true)]
    pub(crate) path: PathBuf,
    /// A table for people, or JSON for programs.
    #[arg(long, value_enum, default_value_t = ReportFormat::Table, global = true)]
    pub(crate) format: ReportFormat,
}

/// Where `serve` keeps its spool.
pub(crate) const DEFAULT_SPOOL: &str = "./candor-spool.db";

#[derive(Debug, Subcommand)]
pub(crate) enum SpoolCommand {
    /// Count entries by state, and tell the age of the oldest.
    Status,
    /// List entries, oldest first.
    List {
        /// Only those of a state.
        #[arg(long, value_enum)]
        state: Option<SpoolState>,
        /// The most entries to list.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Put entries back into the queue, to be forwarded at once.
    Retry(SpoolSelection),
    /// Delete entries for good, unforwarded.
    Drop(SpoolSelection),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct SpoolSelection {
    /// Numbers of entries, as `list` shows them.
    pub(crate) entries: Vec<i64>,
    /// All dead letters.
    #[arg(long)]
    pub(crate) dead: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SpoolState {
    /// To be forwarded.
    Queued,
    /// Waiting for a trace.
    Waiting,
    /// Refused for good, or given up.
    Dead,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    #[command(flatten)]
    pub(crate) store: StoreArgument,
}

#[derive(Debug, Args)]
pub(crate) struct StoreArgument {
    /// Where everything is kept: `sqlite:PATH`, `memory:`, `postgres://USER@HOST:PORT/DATABASE`,
    /// `mlflow+http://HOST:PORT` or `mlflow+https://…`.
    // The variable may hold a password, which --help must not show.
    #[arg(long = "store", env = "CANDOR_STORE", hide_env_values = true, default_value = "sqlite:./candor.db")]
    pub(crate) url: StoreUrl,
    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

impl StoreArgument {
    /// How to open it.
    pub(crate) fn options(&self) -> StoreOptions {
        StoreOptions { database: self.database.options(), ..StoreOptions::default() }
    }
}

#[derive(Debug, Args)]
pub(crate) struct DatabaseArguments {
    /// Connections to a PostgreSQL server at most.
    #[arg(long, env = "CANDOR_DB_CONNECTIONS", default_value_t = 12, value_parser = clap::value_parser!(u32).range(4..))]
    db_connections: u32,
    /// Seconds to wait for a connection to a PostgreSQL server.
    #[arg(long, env = "CANDOR_DB_CONNECT_TIMEOUT_SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    db_connect_timeout_seconds: u16,
    /// Seconds that a PostgreSQL server may work on one statement; 0 for no limit.
    #[arg(long, env = "CANDOR_DB_STATEMENT_TIMEOUT_SECONDS", default_value_t = 30)]
    db_statement_timeout_seconds: u16,
    /// Prepare no statements, as poolers need that give each transaction another connection.
    #[arg(long, env = "CANDOR_DB_UNPREPARED")]
    db_unprepared: bool,
}

impl DatabaseArguments {
    fn options(&self) -> DatabaseOptions {
        DatabaseOptions {
            connections: self.db_connections,
            connect_timeout: Duration::from_secs(self.db_connect_timeout_seconds.into()),
            statement_timeout: Duration::from_secs(self.db_statement_timeout_seconds.into()),
            prepared_statements: !self.db_unprepared,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object per line.
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people.
    Table,
    /// For programs.
    Json,
}
