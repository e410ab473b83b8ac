//! Rules of the workspace that no compiler knows. Each failure names the rule and the fix.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workspace_root;

/// Who may use whom: an arrow that is not here points the wrong way or is news to the map.
const ARROWS: &[(&str, &[&str])] = &[
    (
        "candor",
        &[
            "candor-analytics",
            "candor-chat",
            "candor-context",
            "candor-filter",
            "candor-http",
            "candor-mlflow",
            "candor-model",
            "candor-postgres",
            "candor-spool",
            "candor-sqlite",
            "candor-store",
            "candor-transfer",
            "candor-wire",
        ],
    ),
    ("candor-chat", &["candor-context", "candor-http", "candor-model"]),
    (
        "candor-http",
        &[
            "candor-analytics",
            "candor-context",
            "candor-filter",
            "candor-model",
            "candor-store",
            "candor-ui",
            "candor-wire",
        ],
    ),
    ("candor-ui", &[]),
    ("candor-analytics", &["candor-filter", "candor-model", "candor-store"]),
    ("candor-transfer", &["candor-filter", "candor-model", "candor-store"]),
    ("candor-context", &["candor-model", "candor-store"]),
    ("candor-mlflow", &["candor-filter", "candor-model", "candor-store", "candor-wire"]),
    ("candor-spool", &["candor-filter", "candor-model", "candor-sqlite", "candor-store"]),
    ("candor-postgres", &["candor-filter", "candor-model", "candor-store"]),
    ("candor-sqlite", &["candor-filter", "candor-model", "candor-store"]),
    ("candor-store", &["candor-filter", "candor-model"]),
    ("candor-filter", &["candor-model"]),
    ("candor-wire", &["candor-model"]),
    ("candor-model", &[]),
];

/// The longest source file, tests apart.
const MAX_LINES: usize = 500;

#[test]
fn dependencies_point_from_the_binary_down_to_the_model() {
    let allowed: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    for (package, dependencies) in normal_dependencies() {
        if !package.starts_with("candor") || package == "candor-tests" {
            continue;
        }
        let Some(allowed) = allowed.get(package.as_str()) else {
            panic!("{package} is not in the crate map: add it to ARROWS and to docs/architecture.md");
        };
        for dependency in dependencies.iter().filter(|name| name.starts_with("candor")) {
            assert!(
                allowed.contains(&dependency.as_str()),
                "{package} must not depend on {dependency}: see the crate map in docs/architecture.md"
            );
        }
    }
}

#[test]
fn layers_keep_their_libraries() {
    for (package, dependencies) in normal_dependencies() {
        let forbidden: &[&str] = match package.as_str() {
            "candor-model" => &["tokio", "serde", "axum", "rusqlite", "reqwest"],
            "candor-filter" | "candor-wire" => &["tokio", "axum", "rusqlite", "reqwest"],
            "candor-store" | "candor-analytics" | "candor-transfer" => &["axum", "rusqlite", "reqwest"],
            "candor-context" => &["axum", "rusqlite", "candor-wire"],
            "candor-sqlite" => &["axum", "reqwest", "candor-wire"],
            "candor-postgres" => &["axum", "reqwest", "rusqlite", "candor-wire"],
            "candor-http" => &["rusqlite"],
            "candor-ui" => &["axum", "tokio", "serde"],
            _ => &[],
        };
        for library in forbidden {
            assert!(!dependencies.iter().any(|name| name == library), "{package} must not depend on {library}");
        }
    }
}

#[test]
fn a_service_that_only_reports_to_mlflow_stays_light() {
    let tree = Command::new("cargo")
        .args(["tree", "--offline", "--package", "candor-mlflow", "--edges", "normal", "--prefix", "none"])
        .current_dir(workspace_root())
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    for library in ["axum", "rusqlite", "libsqlite3-sys", "sqlx"] {
        let is_there = tree.lines().any(|line| line.split(' ').next() == Some(library));
        assert!(!is_there, "candor-mlflow must not bring {library}: see `cargo tree -p candor-mlflow -i {library}`");
    }
}

#[test]
fn source_files_have_one_subject() {
    for file in tracked("*.rs") {
        if file.ends_with("tests.rs") || file.components().any(|part| part.as_os_str() == "tests") {
            continue;
        }
        let text = read(&file);
        let lines = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines, above {MAX_LINES}: look for the seam", file.display());
    }
}

#[test]
fn every_crate_says_what_it_is_for() {
    for file in tracked("crates/*/src/lib.rs") {
        let text = read(&file);
        assert!(text.starts_with("//! "), "{} must open with what the crate is for", file.display());
        assert!(text.contains("//! ```"), "{} must show one example that compiles", file.display());
    }
}

#[test]
fn nothing_is_left_undone_or_skipped() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("#[ign", "ore"), concat!("db", "g!(")];
    for file in tracked("*.rs").into_iter().chain(tracked("*.py")) {
        let text = read(&file);
        for mark in marks {
            assert!(!text.contains(mark), "{} contains {mark}: finish it, or say why in the docs", file.display());
        }
    }
}

/// Workspace packages with the names of what they need to be built.
fn normal_dependencies() -> BTreeMap<String, Vec<String>> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(workspace_root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let name = |value: &serde_json::Value| value["name"].as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap();
            (name(package), dependencies.iter().filter(|dependency| dependency["kind"].is_null()).map(name).collect())
        })
        .collect()
}

fn tracked(pattern: &str) -> Vec<PathBuf> {
    let output = Command::new("git").args(["ls-files", "--", pattern]).current_dir(workspace_root()).output().unwrap();
    let files: Vec<PathBuf> = String::from_utf8(output.stdout).unwrap().lines().map(PathBuf::from).collect();
    assert!(!files.is_empty(), "git knows no file {pattern}");
    files.into_iter().filter(|file| workspace_root().join(file).exists()).collect()
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(workspace_root().join(file)).unwrap()
}
