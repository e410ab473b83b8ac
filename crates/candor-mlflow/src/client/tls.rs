//! Certificates.

use std::path::Path;

use reqwest::{Certificate, ClientBuilder, Identity};

use crate::OptionsError;
use crate::options::Tls;

/// Applies the options to a client.
///
/// The system's certificates are read only if they are needed: a small container may have none.
pub(super) fn configure(mut builder: ClientBuilder, tls: &Tls, is_https: bool) -> Result<ClientBuilder, OptionsError> {
    if !is_https {
        builder = builder.tls_certs_only([]);
    }
    if tls.insecure {
        if tls.server_certificates.is_some() {
            let reason = "cannot be combined with MLFLOW_TRACKING_SERVER_CERT_PATH: nothing is checked then";
            return Err(OptionsError::new("MLFLOW_TRACKING_INSECURE_TLS", reason));
        }
        builder = builder.tls_danger_accept_invalid_certs(true);
    }
    if let Some(path) = &tls.server_certificates {
        let field = "MLFLOW_TRACKING_SERVER_CERT_PATH";
        let certificates = Certificate::from_pem_bundle(&read(field, path)?);
        let certificates = certificates.map_err(|error| unusable(field, path).because(error))?;
        if certificates.is_empty() {
            return Err(unusable(field, path));
        }
        builder = builder.tls_certs_only(certificates);
    }
    if let Some(path) = &tls.client_certificate {
        let field = "MLFLOW_TRACKING_CLIENT_CERT_PATH";
        let identity = Identity::from_pem(&read(field, path)?);
        builder = builder.identity(identity.map_err(|error| unusable(field, path).because(error))?);
    }
    Ok(builder)
}

fn read(field: &str, path: &Path) -> Result<Vec<u8>, OptionsError> {
    std::fs::read(path)
        .map_err(|error| OptionsError::new(field, format!("{} cannot be read", path.display())).because(error))
}

fn unusable(field: &str, path: &Path) -> OptionsError {
    OptionsError::new(field, format!("{} holds no usable certificate in PEM form", path.display()))
}
