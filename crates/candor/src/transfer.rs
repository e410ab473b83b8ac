//! `candor export` and `candor import`: the same copy, seen from either end.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use candor::store::DynTrackingStore;
use candor::transfer::{Comparison, Copied, Progress, Transfer, Unequal};
use candor::{StoreOptions, StoreUrl};
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::{ExportArguments, ImportArguments, TransferArguments};

pub(crate) async fn export(arguments: ExportArguments) -> anyhow::Result<ExitCode> {
    let options = arguments.store.options();
    run(&arguments.store.url, &arguments.to, options, arguments.transfer).await
}

pub(crate) async fn import(arguments: ImportArguments) -> anyhow::Result<ExitCode> {
    let options = arguments.store.options();
    run(&arguments.from, &arguments.store.url, options, arguments.transfer).await
}

async fn run(
    from: &StoreUrl,
    to: &StoreUrl,
    options: StoreOptions,
    arguments: TransferArguments,
) -> anyhow::Result<ExitCode> {
    let source = from.open_read_only(options).await.with_context(|| format!("cannot open {from}"))?;
    let target = to.open(options).await.with_context(|| format!("cannot open {to}"))?;
    let experiments = arguments.experiments.iter().map(|name| name.parse()).collect::<Result<_, _>>();
    let transfer = Transfer::new(source.as_ref(), target.as_ref()).only(experiments.context("--experiment")?);
    let outcome = copy_and_verify(&transfer, arguments.verify).await;
    close(&source, &target).await?;
    outcome
}

async fn copy_and_verify(transfer: &Transfer<'_>, verify: bool) -> anyhow::Result<ExitCode> {
    let bar = bar("copied");
    let copied = transfer.copy(|progress| show(&bar, progress)).await;
    bar.finish_and_clear();
    // The error's own text says which side failed.
    let copied = copied.context("the copy is not complete: run the same command again to go on")?;
    print_copied(&copied);
    let mut is_sound = copied.refused == 0;
    if verify {
        let bar = self::bar("compared");
        let comparison = transfer.verify(|progress| show(&bar, progress)).await;
        bar.finish_and_clear();
        let comparison = comparison?;
        print_comparison(&comparison);
        is_sound &= comparison.is_equal();
    }
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn close(source: &Arc<DynTrackingStore>, target: &Arc<DynTrackingStore>) -> anyhow::Result<()> {
    source.close().await.context("cannot close the source")?;
    target.close().await.context("cannot close the target")
}

/// A bar on standard error, which shows itself on terminals only.
fn bar(done: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} traces {prefix}, {per_sec}, {eta} left");
    let bar = ProgressBar::no_length().with_prefix(done);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

fn show(bar: &ProgressBar, progress: &Progress) {
    bar.set_length(progress.traces_total);
    bar.set_position(progress.traces_done);
    bar.set_message(progress.experiment.to_string());
}

fn print_copied(copied: &Copied) {
    println!("experiments  {}", copied.experiments);
    println!("written      {}", copied.written);
    println!("unchanged    {}", copied.unchanged);
    println!("refused      {}", copied.refused);
    for refusal in &copied.refusals {
        let error: &dyn std::error::Error = &refusal.error;
        println!("  {}: {error}", refusal.trace_id);
    }
    if copied.pending + copied.pending_left > 0 {
        println!("on hold      {} handed over, {} left behind", copied.pending, copied.pending_left);
    }
}

fn print_comparison(comparison: &Comparison) {
    println!("compared     {}", comparison.compared);
    println!("missing      {}", comparison.missing);
    println!("different    {}", comparison.different);
    println!("extra        {}", comparison.extra);
    for name in &comparison.missing_experiments {
        println!("  experiment {name} is missing in the target");
    }
    for finding in &comparison.findings {
        match finding {
            Unequal::Missing(id) => println!("  {id} is missing in the target"),
            Unequal::Extra(id) => println!("  {id} is in the target only"),
            Unequal::Different(id, differences) => {
                for difference in differences {
                    println!("  {id} {difference}");
                }
            }
        }
    }
}
