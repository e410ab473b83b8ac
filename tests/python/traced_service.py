"""A Python service in a distributed trace, with nothing but the stock MLflow client.

    python traced_service.py serve URI             answers GET /work in the caller's trace
    python traced_service.py call URI SERVICE      begins a trace, calls SERVICE in it, judges a span
    python traced_service.py read URI TRACE_ID     prints the trace as the client reads it

URI is the tracking server's. Each prints JSON; `serve` prints its own address first.
"""

import json
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import mlflow
from mlflow.entities import AssessmentSource
from mlflow.tracing import get_tracing_context_headers_for_http_request, set_tracing_context_from_http_request_headers


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        with set_tracing_context_from_http_request_headers(headers):
            with mlflow.start_span("python-handler", span_type="TOOL") as span:
                span.set_inputs({"path": self.path})
                answer = {"trace_id": span.trace_id, "span_id": span.span_id}
                span.set_outputs(answer)
            # Within the caller's context: the client forgets whose trace it is at the end of it.
            mlflow.flush_trace_async_logging()
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


def call(service):
    with mlflow.start_span("python-root", span_type="AGENT") as span:
        span.set_inputs("What is MLflow?")
        request = urllib.request.Request(service, headers=get_tracing_context_headers_for_http_request())
        with urllib.request.urlopen(request) as response:
            called = json.load(response)
        span.set_outputs(called)
    mlflow.flush_trace_async_logging()
    mlflow.log_feedback(
        trace_id=span.trace_id,
        span_id=called["span_id"],
        name="relevance",
        value=0.5,
        source=AssessmentSource(source_type="HUMAN", source_id="ada"),
    )
    print(json.dumps({"trace_id": span.trace_id, "called": called}))


def read(trace_id):
    trace = mlflow.get_trace(trace_id)
    spans = [
        {"name": s.name, "span_id": s.span_id, "parent_id": s.parent_id, "type": s.span_type, "status": s.status.status_code.value}
        for s in trace.data.spans
    ]
    assessments = [{"name": a.name, "value": a.value, "span_id": a.span_id} for a in trace.info.assessments]
    info = trace.info
    print(json.dumps({
        "spans": spans,
        "assessments": assessments,
        "state": info.state.value,
        "client_request_id": info.client_request_id,
        "request_preview": info.request_preview,
        "metadata": info.trace_metadata,
        "tags": info.tags,
    }))


if __name__ == "__main__":
    mlflow.set_tracking_uri(sys.argv[2])
    mlflow.set_experiment("Default")
    {"serve": serve, "call": call, "read": read}[sys.argv[1]](*sys.argv[3:])
