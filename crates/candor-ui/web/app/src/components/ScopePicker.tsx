import { useSearchParams } from "wouter";
import { useExperiments } from "../state/experiments";
import { PERIODS, readPeriod, useScope, useSetParameters, type Period } from "../state/scope";
import { useMessages } from "../state/settings";
import { useFormats } from "../state/formats";

/** Chooses experiment and period. */
export function ScopePicker({ withPeriod }: { withPeriod: boolean }) {
  const messages = useMessages();
  const formats = useFormats();
  const [parameters] = useSearchParams();
  const setParameters = useSetParameters();
  const scope = useScope();
  const experiments = useExperiments();
  const period = readPeriod(parameters);
  return (
    <div className="scope">
      <label className="visually-hidden" htmlFor="experiment">
        {messages.experiment}
      </label>
      <select id="experiment" value={scope.experiment} onChange={(event) => setParameters({ experiment: event.target.value })}>
        <option value="">{messages.allExperiments}</option>
        {experiments.data?.map((experiment) => (
          <option key={experiment.experiment_id} value={experiment.experiment_id}>
            {experiment.name}
          </option>
        ))}
      </select>
      {withPeriod && (
        <div className="segmented" role="group" aria-label={messages.period}>
          {(Object.keys(PERIODS) as Period[]).map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={!scope.from && name === period}
              onClick={() => setParameters({ period: name, from: undefined, until: undefined })}
            >
              {messages.periods[name]}
            </button>
          ))}
        </div>
      )}
      {withPeriod && scope.from && (
        <button type="button" className="chip" title={messages.wholePeriod} onClick={() => setParameters({ from: undefined, until: undefined })}>
          {formats.bucket(scope.from, "hour")} – {scope.until ? formats.bucket(scope.until, "hour") : ""} ✕
        </button>
      )}
    </div>
  );
}
