//! API docs, and Markdown links that lead somewhere.

use std::path::Path;

use anyhow::{Result, bail};
use xshell::{Shell, cmd};

/// Builds the API docs and checks relative links of the Markdown files.
pub(crate) fn build_and_check(sh: &Shell) -> Result<()> {
    let flags = sh.push_env("RUSTDOCFLAGS", "--deny warnings");
    cmd!(sh, "cargo doc --locked --workspace --no-deps --all-features").run()?;
    drop(flags);
    let files = cmd!(sh, "git ls-files *.md").read()?;
    let mut broken = Vec::new();
    for file in files.lines() {
        let folder = Path::new(file).parent().unwrap_or(Path::new(""));
        for link in relative_links(&sh.read_file(file)?) {
            if !sh.path_exists(folder.join(&link)) {
                broken.push(format!("{file}: {link} does not exist"));
            }
        }
    }
    if !broken.is_empty() {
        bail!("broken links:\n{}", broken.join("\n"));
    }
    Ok(())
}

/// Targets of `[text](target)` that are paths, without their fragments.
fn relative_links(markdown: &str) -> Vec<String> {
    let targets = markdown.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let paths = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    paths.filter_map(|target| target.split('#').next()).filter(|path| !path.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_are_links_to_check() {
        let text = "[a](docs/a.md#top) [b](https://example.org) [c](#here) ![d](e.png)";
        assert_eq!(relative_links(text), ["docs/a.md", "e.png"]);
    }
}
