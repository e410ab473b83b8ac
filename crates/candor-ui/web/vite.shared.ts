import { defaultClientConditions } from "vite";

/** Resolves `candor-react` to its source, so that the app and the widget are built without building it first. */
export const sourceConditions = ["candor-source", ...defaultClientConditions];
