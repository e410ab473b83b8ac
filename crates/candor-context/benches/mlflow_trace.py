"""What a span costs the traced code in Python: MLflow's @mlflow.trace, nanoseconds per span.

    python mlflow_trace.py http://127.0.0.1:5000

The counterpart of tracing.rs: spans below a root, of a function that does nothing; the median of
rounds. Traces are exported in the background to the tracking server, which must run.
"""

import statistics
import sys
import time

import mlflow

PER_ROUND = 200
ROUNDS = 30


@mlflow.trace(span_type="TOOL")
def work():
    pass


@mlflow.trace(span_type="TOOL")
def work_with_payload(payload):
    return payload


def median(call):
    rounds = []
    for _ in range(ROUNDS):
        with mlflow.start_span("root"):
            started = time.perf_counter_ns()
            for _ in range(PER_ROUND):
                call()
            rounds.append((time.perf_counter_ns() - started) / PER_ROUND)
        mlflow.flush_trace_async_logging()
    return statistics.median(rounds)


mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("Default")
payload = {"messages": [{"role": "user", "content": "What is MLflow, and who would use it?"}]}
print(f"@mlflow.trace, nothing in or out: {median(work):.0f} ns per span")
print(f"@mlflow.trace, inputs and outputs: {median(lambda: work_with_payload(payload)):.0f} ns per span")
