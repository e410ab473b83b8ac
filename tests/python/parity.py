"""Drives a tracking server through the stock MLflow client and records what every call gives.

    python parity.py --uri http://127.0.0.1:5000 --out results.json [--only feedback,filters]

Run it against two servers, each with an empty store, and let compare.py find the differences.
"""

import argparse
import json
import logging
import os
import pathlib
import sys
import time
import traceback
import warnings

# Before mlflow is imported: no calls to other hosts, and no minutes of retries after a 5xx.
os.environ.update(
    {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
        "MLFLOW_ASYNC_TRACE_LOGGING_RETRY_TIMEOUT": "5",
        "MLFLOW_ENABLE_ASYNC_TRACE_LOGGING": "true",
        "MLFLOW_DISABLE_AGENT_HINT": "true",
        "GIT_PYTHON_REFRESH": "quiet",
    }
)
for name in ("MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_RUN_ID", "MLFLOW_WORKSPACE"):
    os.environ.pop(name, None)

import mlflow  # noqa: E402

import scenario_experiments  # noqa: E402
import scenario_feedback  # noqa: E402
import scenario_filters  # noqa: E402
import scenario_ingest  # noqa: E402
import scenario_search  # noqa: E402
import scenario_traces  # noqa: E402
import scenario_tracing  # noqa: E402
from recorder import Recorder  # noqa: E402

SCENARIOS = {
    "experiments": scenario_experiments.run,
    "tracing_async": scenario_tracing.run_async,
    "tracing_sync": scenario_tracing.run_sync,
    "feedback": scenario_feedback.run,
    "filters": scenario_filters.run,
    "ingest": scenario_ingest.run,
    "search": scenario_search.run,
    "traces": scenario_traces.run,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--uri", required=True, help="tracking URI of the server")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="file for the outcomes")
    parser.add_argument("--only", help="comma-separated scenarios; default is all of them")
    options = parser.parse_args()
    chosen = options.only.split(",") if options.only else list(SCENARIOS)

    logging.getLogger("mlflow").setLevel(logging.CRITICAL)
    logging.getLogger("alembic").setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore")
    mlflow.set_tracking_uri(options.uri)

    rec = Recorder()
    for name in chosen:
        before, started = len(rec.outcomes), time.monotonic()
        try:
            SCENARIOS[name](rec)
        except Exception as error:  # a broken preparation must not hide the other scenarios
            traceback.print_exc()
            rec.outcomes[f"{name}.broke_off"] = {
                "error": {"type": type(error).__name__, "message": str(error)[:300]}
            }
        seconds = time.monotonic() - started
        print(f"{name}: {len(rec.outcomes) - before} steps in {seconds:.1f} s", file=sys.stderr)
    options.out.write_text(json.dumps(rec.outcomes, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
