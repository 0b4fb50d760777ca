//! What the runtimes of Lambda write when nobody catches an exception, or when a function does not end as it should.
//!
//! Most of it carries no level. The forms are those that the runtimes of Python, Node.js, Java, .NET, Ruby and Go, Rust
//! programs on `provided.al2023`, and the platform itself write.

/// Maximum number of lines in which a stack trace has to begin. It bounds the time that a long message takes.
const LINES: usize = 8;

/// How messages begin that report an uncaught exception.
const BEGINNINGS: [&str; 13] = [
    // Python.
    "Traceback (most recent call last):",
    "LAMBDA_WARNING: Unhandled exception",
    // Node.js.
    "Uncaught Exception",
    "ERROR\tUncaught Exception",
    "ERROR Uncaught Exception",
    "ERROR\tInvoke Error",
    "ERROR Invoke Error",
    // Java, and .NET.
    "Exception in thread ",
    "Unhandled exception. ",
    // Ruby.
    "Error raised from handler method",
    // Go.
    "panic: ",
    "fatal error: ",
    // The platform, where a runtime has said nothing.
    "Unknown application error occurred",
];

/// What the platform says of an invocation, behind `RequestId: ID ` or `TIME ID `.
const ENDS: [&str; 4] =
    ["Task timed out after ", "Error: ", "Process exited before completing request", "Unhandled"];

/// Whether a message that is neither JSON nor has a level reports an uncaught exception.
pub(super) fn is_uncaught(message: &str) -> bool {
    if BEGINNINGS.iter().any(|beginning| message.starts_with(beginning)) {
        return true;
    }
    if let Some(rest) = message.strip_prefix("RequestId: ") {
        return is_end(rest);
    }
    if is_time(message) {
        return message.split_once(' ').is_some_and(|(_, rest)| is_end(rest));
    }
    is_rust_panic(message) || is_go_object(message) || has_stack_trace(message)
}

/// Whether a line of the platform, like `REPORT` or `INIT_REPORT`, says that the invocation failed.
pub(super) fn ended_badly(line: &str) -> bool {
    line.split_once("Status: ")
        .is_some_and(|(_, status)| ["error", "failure", "timeout"].iter().any(|bad| status.starts_with(bad)))
}

/// Behind the id of the request.
fn is_end(rest: &str) -> bool {
    rest.split_once(' ').is_some_and(|(_, text)| ENDS.iter().any(|end| text.starts_with(end)))
}

/// `thread 'main' panicked at src/main.rs:2:5:`
fn is_rust_panic(message: &str) -> bool {
    message.starts_with("thread '")
        && message
            .lines()
            .next()
            .is_some_and(|line| line.contains("' panicked at ") || line.contains(") panicked at "))
}

/// `2026/01/31 10:00:00 {"errorMessage":"...` as the standard logger of Go writes it.
fn is_go_object(message: &str) -> bool {
    let digits = message.bytes().take(20).map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    digits.eq(*b"0000/00/00 00:00:00 ") && message[20..].starts_with("{\"errorMessage\":")
}

/// A stack trace of Java, JavaScript or .NET: a line that names an exception, and below it one that begins with `at `.
fn has_stack_trace(message: &str) -> bool {
    if memchr::memchr(b'\n', message.as_bytes()).is_none() {
        return false;
    }
    let mut lines = message.lines().take(LINES);
    let names_exception = |line: &str| {
        line.split([':', ' '])
            .filter(|word| !word.is_empty())
            .any(|word| word.ends_with("Exception") || word.ends_with("Error"))
    };
    let is_frame = |line: &str| {
        let inside = line.trim_start();
        inside.len() < line.len() && inside.starts_with("at ")
    };
    lines.next().is_some_and(names_exception) && lines.any(is_frame)
}

/// Whether a text begins like `2026-01-31T`.
pub(super) fn is_time(text: &str) -> bool {
    let shape = text.bytes().take(11).map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    shape.eq(*b"0000-00-00T")
}

#[cfg(test)]
mod tests {
    use crate::line::severity::of;

    #[test]
    fn uncaught_exceptions_of_every_runtime_are_errors() {
        for message in [
            // Python, in JSON and in text.
            r#"{"timestamp":"2026-09-11T10:00:00Z","log_level":"ERROR","errorMessage":"x","errorType":"KeyError","stackTrace":[]}"#,
            "[ERROR] KeyError: 'order'\nTraceback (most recent call last):\n  File \"/var/task/a.py\", line 2",
            "[ERROR] Runtime.ImportModuleError: Unable to import module 'a'",
            "LAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code.",
            "Traceback (most recent call last):\n  File \"a.py\"",
            // Node.js.
            "2026-09-11T10:00:00.000Z\tundefined\tERROR\tUncaught Exception \t{\"errorType\":\"Runtime.ImportModuleError\"}",
            "2026-09-11T10:00:00.000Z\t0a1b\tERROR\tInvoke Error \t{\"errorType\":\"Error\"}",
            "ERROR Uncaught Exception {\"errorType\":\"Error\"}",
            "TypeError: x is not a function\n    at Runtime.handler (/var/task/index.js:2:5)",
            // Java.
            "order failed: java.lang.RuntimeException\njava.lang.RuntimeException: order failed\n\tat example.Handler.handleRequest(Handler.java:9)",
            "Exception in thread \"main\" java.lang.Error: x",
            // .NET.
            "2026-09-11T10:00:00.000Z\t0a1b\tfail\tSystem.Exception: x\n   at Function.Handler()",
            "Unhandled exception. System.InvalidOperationException: x",
            "System.AggregateException: One or more errors occurred.\n   at Function.Handler()",
            // Ruby.
            "Error raised from handler method\n{\n  \"errorMessage\": \"x\"\n}",
            r#"{"errorMessage":"x","errorType":"Function<StandardError>","stackTrace":[]}"#,
            "E, [2026-09-11T10:00:00.000000 #8] ERROR 0a1b -- : x",
            // Go.
            r#"{"errorMessage":"queue is gone","errorType":"wrapError"}"#,
            r#"2026/09/11 10:00:00 {"errorMessage":"x","errorType":"y","stackTrace":[]}"#,
            "panic: runtime error: index out of range [1] with length 1\n\ngoroutine 1 [running]:",
            "fatal error: all goroutines are asleep - deadlock!",
            // Rust.
            "thread 'main' panicked at src/main.rs:2:5:\nx",
            "thread 'tokio-runtime-worker' (12) panicked at src/main.rs:2:5:\nx",
            "2026-09-11T10:00:00.000000Z ERROR Lambda runtime invoke{requestId=\"0a1b\"}: lambda_runtime: x",
            // The platform.
            "2026-09-11T10:00:00.000Z 0a1b Task timed out after 3.00 seconds",
            "RequestId: 0a1b Error: Runtime exited with error: exit status 1\nRuntime.ExitError",
            "RequestId: 0a1b Process exited before completing request",
            "REPORT RequestId: 0a1b\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tStatus: timeout",
            "INIT_REPORT Init Duration: 9999.83 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError",
            r#"{"time":"x","type":"platform.report","record":{"requestId":"0a1b","status":"timeout"}}"#,
            r#"{"time":"x","type":"platform.initReport","record":{"status":"error"}}"#,
            "[error] 2026-09-11T10:00:00.000Z 0a1b x",
        ] {
            let found = of(message).map(|(severity, _)| (severity.number(), severity.syslog()));
            assert_eq!(found, Some((17, 3)), "{message}");
        }
    }

    #[test]
    fn what_only_looks_like_an_exception_is_none() {
        for message in [
            "the Error: at noon",
            "Error: x\nat noon",
            "a line\n  at the end of an Error",
            "RequestId: 0a1b Version: 1",
            "REPORT RequestId: 0a1b\tStatus: success",
            "2026-09-11T10:00:00.000Z 0a1b finished",
            "2026/09/11 10:00:00 {\"message\":\"x\"}",
            "2026/09/11 10:00:00 é",
            "thread 'main' started",
            r#"{"time":"x","type":"platform.report","record":{"status":"success"}}"#,
        ] {
            let number = of(message).map(|(severity, _)| severity.number());
            assert!(matches!(number, None | Some(9)), "{message}: {number:?}");
        }
    }
}
