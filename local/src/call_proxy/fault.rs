//! What happens to a call instead of its answer.

/// What happens to a call instead of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// AWS answers with this error.
    Error {
        /// The HTTP status.
        status: u16,
        /// The error code, for example `ThrottlingException`.
        code: String,
        /// The message.
        message: String,
    },
    /// Something between the caller and AWS answers with words of its own, as proxies and captive portals do.
    NotAws {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: String,
    },
    /// The connection breaks.
    Reset,
    /// No answer comes, until the caller gives up; for callers that are to be killed meanwhile.
    Hang,
    /// AWS' own answer comes, but not before [`CallProxy::release`].
    Hold,
}

impl Fault {
    /// An error of the given status, code and message.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::Error { status, code: code.to_owned(), message: message.to_owned() }
    }

    /// Too many requests.
    pub fn throttled() -> Self {
        Self::error(400, "ThrottlingException", "Rate exceeded")
    }

    /// A failure inside of AWS.
    pub fn internal() -> Self {
        Self::error(500, "InternalFailure", "The request processing has failed.")
    }

    /// The login page of a captive portal, with HTTP status 200.
    pub fn captive_portal() -> Self {
        Self::NotAws {
            status: 200,
            body: "<html><body>Please sign in to this network</body></html>".to_owned(),
        }
    }

    /// A missing permission.
    pub fn access_denied() -> Self {
        Self::error(400, "AccessDeniedException", "User is not authorized to perform this action")
    }
}

/// An error as AWS puts it: XML for the form protocol of IAM and STS, else JSON.
pub(super) fn error_answer(status: u16, code: &str, message: &str, form: bool) -> String {
    // The form protocol names errors without this ending: `AccessDenied`, `Throttling`.
    let code = if form { code.strip_suffix("Exception").unwrap_or(code) } else { code };
    let (kind, body) = if form {
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>"
        );
        ("text/xml", body)
    } else {
        let body = serde_json::json!({ "__type": code, "message": message }).to_string();
        ("application/x-amz-json-1.1", body)
    };
    format!(
        "HTTP/1.1 {status} Injected\r\ncontent-type: {kind}\r\nx-amzn-errortype: {code}\r\n\
         x-amzn-requestid: 00000000-0000-0000-0000-000000000000\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// An answer of a proxy, without any of AWS's headers.
pub(super) fn foreign_answer(status: u16, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} Injected\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}
