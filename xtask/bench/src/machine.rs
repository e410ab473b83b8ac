//! Where it was measured.

use std::process::Command;

/// One line on the machine: processor, cores, memory, kernel.
pub(crate) fn describe() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let model = model.trim_start_matches([' ', '\t', ':']);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let meminfo = read("/proc/meminfo");
    let kib = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or_default();
    let kib: u64 = kib.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or_default();
    format!("{model}, {cores} cores, {} GiB, Linux {}", kib >> 20, read("/proc/sys/kernel/osrelease").trim())
}

/// The versions of what was measured.
pub(crate) fn versions() -> String {
    let first_line = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok()?;
        String::from_utf8_lossy(&output.stdout).lines().next().map(str::to_owned)
    };
    let mlflow = crate::systems::mlflow();
    let phoenix = "import importlib.metadata as m; print('Phoenix', m.version('arize-phoenix'))";
    let found = [
        first_line("target/release/candor", &["--version"]),
        first_line(&mlflow.display().to_string(), &["--version"]),
        first_line("target/venv-phoenix/bin/python", &["-c", phoenix]),
        first_line("psql", &["--version"]),
    ];
    let sqlite = format!("SQLite {} in Candor", rusqlite::version());
    found.into_iter().flatten().chain([sqlite]).collect::<Vec<_>>().join("; ")
}
