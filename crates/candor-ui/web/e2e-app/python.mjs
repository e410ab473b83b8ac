import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const PYTHON = fileURLToPath(new URL("../../../../target/venv/bin/python", import.meta.url));

const SCRIPT = `
import json, sys
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
trace = mlflow.get_trace(sys.argv[2])
print(json.dumps([[a.name, a.feedback.value, a.rationale, a.valid] for a in trace.info.assessments]))
`;

/** The feedback of a trace as MLflow's stock Python client reads it: name, value, rationale, validity. */
export async function feedbackInPython(url, traceId) {
  await access(PYTHON).catch(() => {
    throw new Error(`${PYTHON} is missing: run \`cargo xtask test\`, which installs it`);
  });
  const { stdout } = await promisify(execFile)(PYTHON, ["-c", SCRIPT, url, traceId], {
    env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: "true" },
  });
  return JSON.parse(stdout.trim().split("\n").at(-1));
}
