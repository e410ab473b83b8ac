use serde::{Deserialize, Serialize};

/// MLflow's error envelope: the body of every failed call on MLflow's routes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// MLflow's name of the error; [`code`](Self::code) reads it.
    pub error_code: String,
    /// What went wrong, for people.
    #[serde(default)]
    pub message: String,
    /// The five-character class that newer clients show; older servers leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqlstate: Option<String>,
    /// The name that goes with [`sqlstate`](Self::sqlstate).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_class: Option<String>,
}

impl ErrorBody {
    /// The envelope as MLflow fills it for `code`.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            error_code: code.as_str().to_owned(),
            message: message.into(),
            sqlstate: code.sqlstate().map(str::to_owned),
            error_class: code.error_class().map(str::to_owned),
        }
    }

    /// The error's code, if it is one of those that this crate knows.
    pub fn code(&self) -> Option<ErrorCode> {
        ErrorCode::from_name(&self.error_code)
    }
}

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $status:literal, $sqlstate:expr, $class:expr;)*) => {
        /// MLflow's error codes, as far as traces and experiments need them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode { $($(#[$doc])* $variant,)* }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name in the envelope.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// The envelope's `sqlstate`, where MLflow sets one.
            pub const fn sqlstate(self) -> Option<&'static str> {
                match self { $(Self::$variant => $sqlstate,)* }
            }

            /// The envelope's `error_class`, where MLflow sets one.
            pub const fn error_class(self) -> Option<&'static str> {
                match self { $(Self::$variant => $class,)* }
            }
        }
    };
}

const CALLER: Option<&str> = Some("KAM00");
const SERVER: Option<&str> = Some("XXM00");
const INVALID: Option<&str> = Some("INVALID_PARAMETER_VALUE");
const EXISTS: Option<&str> = Some("RESOURCE_ALREADY_EXISTS");
const ABSENT: Option<&str> = Some("RESOURCE_NOT_FOUND");
const DENIED: Option<&str> = Some("PERMISSION_DENIED");
const INTERNAL: Option<&str> = Some("CLIENT_INTERNAL_ERROR");

error_codes! {
    /// The request says something that cannot be.
    InvalidParameterValue = "INVALID_PARAMETER_VALUE", 400, CALLER, INVALID;
    /// The request cannot be understood.
    BadRequest = "BAD_REQUEST", 400, CALLER, INVALID;
    /// The name is taken; status 400, not 409.
    ResourceAlreadyExists = "RESOURCE_ALREADY_EXISTS", 400, CALLER, EXISTS;
    /// No such experiment, trace, assessment or tag.
    ResourceDoesNotExist = "RESOURCE_DOES_NOT_EXIST", 404, CALLER, ABSENT;
    /// No such payload.
    NotFound = "NOT_FOUND", 404, CALLER, ABSENT;
    /// No such route; clients map every 404 that is not JSON to it.
    EndpointNotFound = "ENDPOINT_NOT_FOUND", 404, CALLER, ABSENT;
    /// The thing is in a state that forbids the call.
    InvalidState = "INVALID_STATE", 500, SERVER, INTERNAL;
    /// A defect of the server.
    InternalError = "INTERNAL_ERROR", 500, SERVER, INTERNAL;
    /// The server cannot answer just now; a retry may succeed.
    TemporarilyUnavailable = "TEMPORARILY_UNAVAILABLE", 503, SERVER, INTERNAL;
    /// The caller may not do this.
    PermissionDenied = "PERMISSION_DENIED", 403, CALLER, DENIED;
    /// The caller is not a customer; MLflow's other name of a missing login.
    CustomerUnauthorized = "CUSTOMER_UNAUTHORIZED", 401, CALLER, DENIED;
    /// The caller did not say who it is.
    Unauthenticated = "UNAUTHENTICATED", 401, None, None;
    /// Another write got in between.
    ResourceConflict = "RESOURCE_CONFLICT", 409, None, None;
    /// The thing is there already; status 409, unlike [`ResourceAlreadyExists`](Self::ResourceAlreadyExists).
    AlreadyExists = "ALREADY_EXISTS", 409, None, None;
    /// The call was broken off.
    Aborted = "ABORTED", 409, None, None;
    /// Too many requests.
    RequestLimitExceeded = "REQUEST_LIMIT_EXCEEDED", 429, None, None;
    /// A quota is used up.
    ResourceExhausted = "RESOURCE_EXHAUSTED", 429, None, None;
    /// The server cannot do this at all.
    NotImplemented = "NOT_IMPLEMENTED", 501, None, None;
}

impl ErrorCode {
    /// The code of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == name)
    }

    /// The code that MLflow's clients assume when a failed answer holds no envelope.
    pub const fn from_status(status: u16) -> Self {
        match status {
            401 => Self::Unauthenticated,
            403 => Self::PermissionDenied,
            404 => Self::EndpointNotFound,
            409 => Self::ResourceConflict,
            429 => Self::RequestLimitExceeded,
            501 => Self::NotImplemented,
            502..=504 => Self::TemporarilyUnavailable,
            400..=499 => Self::BadRequest,
            _ => Self::InternalError,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_belong_together() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_name(code.as_str()), Some(*code));
        }
        assert_eq!(ErrorCode::from_name("NO_SUCH_CODE"), None);
    }

    #[test]
    fn clients_need_neither_class_nor_message() {
        let body: ErrorBody = serde_json::from_str(r#"{"error_code": "NEW_CODE", "stack": 1}"#).unwrap();
        assert_eq!((body.code(), body.message.as_str()), (None, ""));
    }
}
