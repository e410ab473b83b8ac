/// MLflow's type of a span: what kind of step it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum SpanType {
    /// A call of a language model.
    Llm,
    /// A chain of steps.
    Chain,
    /// An agent's run.
    Agent,
    /// A call of a tool.
    Tool,
    /// A call of a chat model.
    ChatModel,
    /// A search for documents.
    Retriever,
    /// A parser that makes structure of text.
    Parser,
    /// A call of an embedding model.
    Embedding,
    /// A step that sorts documents anew.
    Reranker,
    /// A read or a write of an agent's memory.
    Memory,
    /// None of the others.
    #[default]
    Unknown,
    /// A fixed sequence of steps.
    Workflow,
    /// A step of a workflow.
    Task,
    /// A check of what goes in or comes out.
    Guardrail,
    /// A judgement of an answer.
    Evaluator,
    /// A type that MLflow has no name for.
    Other(&'static str),
}

impl SpanType {
    /// MLflow's name of the type, e.g. `CHAT_MODEL`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Llm => "LLM",
            Self::Chain => "CHAIN",
            Self::Agent => "AGENT",
            Self::Tool => "TOOL",
            Self::ChatModel => "CHAT_MODEL",
            Self::Retriever => "RETRIEVER",
            Self::Parser => "PARSER",
            Self::Embedding => "EMBEDDING",
            Self::Reranker => "RERANKER",
            Self::Memory => "MEMORY",
            Self::Unknown => "UNKNOWN",
            Self::Workflow => "WORKFLOW",
            Self::Task => "TASK",
            Self::Guardrail => "GUARDRAIL",
            Self::Evaluator => "EVALUATOR",
            Self::Other(name) => name,
        }
    }
}
