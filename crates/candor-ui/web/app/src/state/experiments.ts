import { useQuery } from "@tanstack/react-query";
import { experiments } from "../api/traces";
import type { Scope } from "./scope";

export function useExperiments() {
  return useQuery({ queryKey: ["experiments"], queryFn: ({ signal }) => experiments(signal), staleTime: 60_000 });
}

/** The experiments of a scope by id: the chosen one, or all; undefined until they are known. */
export function useLocations(scope: Scope): string[] | undefined {
  const { data } = useExperiments();
  if (scope.experiment) return [scope.experiment];
  return data?.map((experiment) => experiment.experiment_id);
}
