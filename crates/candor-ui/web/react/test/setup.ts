import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

afterEach(() => {
  cleanup();
  // Tests of the package itself run without a page.
  if (typeof document === "undefined") return;
  localStorage.clear();
  sessionStorage.clear();
});
