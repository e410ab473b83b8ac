"""Runs the steps and keeps one outcome for each."""

import uuid

from normalise import Normaliser


class Recorder:
    """`step` is the whole interface: a name, a call, and what of its result to keep."""

    def __init__(self):
        # Names and ids made from this keep two runs on one server apart; outcomes read `<run>`.
        self.run = uuid.uuid4().hex[:12]
        self.norm = Normaliser(self.run)
        self.outcomes = {}
        self.title = ""

    def section(self, title):
        """What follows belongs together: step names get `title.` in front, ids count from one."""
        self.title = title
        self.norm.forget()

    def step(self, name, call, keep=None):
        """Runs `call`, records its outcome under `name`, and returns its result (None on error)."""
        name = f"{self.title}.{name}"
        if name in self.outcomes:
            raise ValueError(f"two steps are called {name}")
        try:
            result = call()
        except Exception as error:  # the outcome of a step may be any error
            self.outcomes[name] = {
                "error": {
                    "type": type(error).__name__,
                    "error_code": getattr(error, "error_code", None),
                    "message": str(error)[:300],
                }
            }
            return None
        try:
            kept = keep(result) if keep else result
            self.outcomes[name] = {"value": self.norm.value(kept)}
        except Exception as error:
            self.outcomes[name] = {"unreadable": f"{type(error).__name__}: {error}"[:300]}
        return result
