use candor_model::TraceId;
use candor_store::{Result, TraceLink};
use candor_wire::requests::{LinkPrompts, LinkToRun, PromptVersion};

use crate::MlflowStore;

impl MlflowStore {
    /// The server links what does not exist, and refuses prompts for it; both are passed over.
    pub(super) async fn link(&self, ids: &[TraceId], link: TraceLink) -> Result<()> {
        const AT_ONCE: usize = 100; // the server's limit
        let known: Vec<TraceId> = self.infos(ids).await?.iter().map(|info| info.trace_id).collect();
        match link {
            TraceLink::Run(run_id) => {
                for chunk in known.chunks(AT_ONCE) {
                    self.link_run(&LinkToRun { trace_ids: chunk.to_vec(), run_id: run_id.clone() }).await?;
                }
            }
            TraceLink::PromptVersion { name, version } => {
                for id in known {
                    let prompt_versions = vec![PromptVersion { name: name.clone(), version: version.clone() }];
                    self.link_prompts(&LinkPrompts { trace_id: candor_wire::AnyId::Ours(id), prompt_versions }).await?;
                }
            }
        }
        Ok(())
    }
}
