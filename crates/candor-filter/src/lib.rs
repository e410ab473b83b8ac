//! MLflow's search-filter language: parser, typed AST, printer and evaluator.
