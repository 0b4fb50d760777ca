//! The environment variables that the process listens to.

/// Makes every variable of ours, of AWS and of proxies that is set to nothing unset: nobody means an empty region, file
/// or endpoint, and of those who read them (the flags, the SDK, the HTTP client) each takes an empty one otherwise.
///
/// # Safety
///
/// No other thread may run: to be called first thing in `main`.
#[expect(unsafe_code, reason = "the environment can be changed in no other way")]
pub unsafe fn unset_empty() {
    for (name, _) in std::env::vars_os().filter(|(_, value)| value.is_empty()) {
        if name.to_str().is_some_and(is_read) {
            // SAFETY: no other thread reads or changes the environment, as the caller has to see to.
            unsafe { std::env::remove_var(name) };
        }
    }
}

fn is_read(name: &str) -> bool {
    let proxies = ["HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"];
    name.starts_with("AWS_")
        || name.starts_with("CWL2LE_")
        || proxies.iter().any(|proxy| name.eq_ignore_ascii_case(proxy))
}
