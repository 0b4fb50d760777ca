"""Functions that cannot start: the invocation fails with what the function told Lambda, and its log has its lines.

ministack answers with a Python dictionary in a message of its own, and drops what the process wrote.
"""

import threading


def install(functions, runtime):
    """Takes the place of what waits for a start, and of what invokes."""
    worker, execute = runtime.ProvidedWorker, functions._execute_function_provided_warm
    await_init, log_suffix = worker._await_init, worker._init_log_suffix
    # An invocation starts its process in its own thread.
    started = threading.local()

    def noted_log_suffix(self):
        """What the process wrote until its start failed, kept for the log."""
        suffix = log_suffix(self)
        started.log = suffix.removeprefix(": ")
        return suffix

    def await_start(self, init_timeout=None):
        try:
            await_init(self, init_timeout)
        except RuntimeError:
            problem = self._init_error
            if not isinstance(problem, dict):
                raise
            self._init_log_suffix()
            raise runtime.ProvidedRuntimeError(
                problem.get("errorMessage", ""), problem.get("errorType", "Runtime.Unknown")
            ) from None

    def execute_with_log(function, event, request_id):
        started.log = ""
        result = execute(function, event, request_id)
        if result.get("error") and not result.get("log"):
            result["log"] = started.log
        return result

    worker._await_init, worker._init_log_suffix = await_start, noted_log_suffix
    functions._execute_function_provided_warm = execute_with_log
