//! Server processes: started on a free port, waited for, weighed, and ended with their children.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::load::{Connection, get};

/// A server that ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From the start of the process to its first good answer.
    pub(crate) start_up: Duration,
}

impl Server {
    /// Starts a program that listens at `port`, and waits for a good answer at `health`.
    pub(crate) async fn start(command: &mut Command, port: u16, health: &str) -> Result<Self> {
        let begun = Instant::now();
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn();
        let child = child.with_context(|| format!("cannot start {command:?}"))?;
        let mut server = Self { child, address: SocketAddr::from(([127, 0, 0, 1], port)), start_up: Duration::ZERO };
        loop {
            if let Ok(mut connection) = Connection::open(server.address).await
                && connection.exchange(&get(health)).await.is_ok()
            {
                server.start_up = begun.elapsed();
                return Ok(server);
            }
            if let Some(status) = server.child.try_wait()? {
                bail!("{command:?} has ended: {status}");
            }
            if begun.elapsed() > Duration::from_secs(120) {
                bail!("{command:?} does not come up");
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// What the process and its children have of the memory, in bytes; shared pages are divided
    /// among those that share them.
    pub(crate) fn memory(&self) -> u64 {
        tree(self.child.id()).into_iter().map(proportional).sum()
    }

    /// Asks the process to end and waits for it.
    pub(crate) fn stop(mut self) -> Result<()> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-9", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}

/// A process and all that it has started.
fn tree(root: u32) -> Vec<u32> {
    let mut found = vec![root];
    let mut next = 0;
    while let Some(parent) = found.get(next) {
        let path = format!("/proc/{parent}/task/{parent}/children");
        let children = std::fs::read_to_string(path).unwrap_or_default();
        found.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        next += 1;
    }
    found
}

fn proportional(process: u32) -> u64 {
    let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() * 1024
}

/// A port that nobody listened on a moment ago.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
