//! Bodies and query strings as MLflow's server reads them.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use candor_wire::WireError;
use serde::de::DeserializeOwned;

use super::error::MlflowError;
use crate::server::body;

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send + 'static> FromRequest<S> for Body<T> {
    type Rejection = MlflowError;

    async fn from_request(request: Request, state: &S) -> Result<Self, MlflowError> {
        // MLflow asks for the header on these two methods only.
        if matches!(*request.method(), Method::POST | Method::PUT) {
            check_content_type(request.headers())?;
        }
        let bytes = Bytes::from_request(request, state).await?;
        let decoded: Result<T, WireError> = body::decode_aside(bytes.len(), move || candor_wire::decode(&bytes)).await;
        Ok(Self(decoded?))
    }
}

/// A query string.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = MlflowError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, MlflowError> {
        Ok(Self(candor_wire::decode_query(parts.uri.query().unwrap_or_default())?))
    }
}

fn check_content_type(headers: &HeaderMap) -> Result<(), MlflowError> {
    let Some(content_type) = headers.get(header::CONTENT_TYPE).filter(|value| !value.is_empty()) else {
        return Err(MlflowError::invalid("Bad Request. Content-Type header is missing."));
    };
    if !body::is_media_type(content_type, "application/json") {
        let message = "Bad Request. Content-Type must be one of ['application/json'].";
        return Err(MlflowError::invalid(message));
    }
    Ok(())
}

/// The parts of the path that stand for something, as texts.
#[derive(Debug)]
pub(crate) struct PathText<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for PathText<T> {
    type Rejection = MlflowError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, MlflowError> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(texts)) => Ok(Self(texts)),
            Err(rejection) => Err(MlflowError::invalid(rejection.body_text())),
        }
    }
}
