//! Certificates: whom the client trusts, and which one it shows.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};

use super::unchecked::Unchecked;
use crate::OptionsError;
use crate::options::Tls;

/// What the options say, as rustls wants it.
///
/// The application's cryptography goes first, if it has installed one for the process. The system's
/// certificates are read only if they are needed: a small container may have none.
pub(super) fn config(tls: &Tls, is_https: bool) -> Result<ClientConfig, OptionsError> {
    let provider = CryptoProvider::get_default().cloned().unwrap_or_else(|| Arc::new(ring::default_provider()));
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder =
        builder.map_err(|error| OptionsError::new("rustls' CryptoProvider", "is of no use").because(error))?;
    let builder = trusting(builder, tls, is_https, provider)?;
    let Some(path) = &tls.client_certificate else { return Ok(builder.with_no_client_auth()) };
    let field = "MLFLOW_TRACKING_CLIENT_CERT_PATH";
    let pem = read(field, path)?;
    let chain = certificates(field, path, &pem)?;
    let key =
        PrivateKeyDer::from_pem_slice(&pem).map_err(|error| unusable(field, path, "private key").because(error))?;
    builder.with_client_auth_cert(chain, key).map_err(|error| unusable(field, path, "certificate").because(error))
}

fn trusting(
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
    tls: &Tls,
    is_https: bool,
    provider: Arc<CryptoProvider>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, OptionsError> {
    let field = "MLFLOW_TRACKING_SERVER_CERT_PATH";
    match &tls.server_certificates {
        Some(_) if tls.insecure => {
            let reason = format!("cannot be combined with {field}: nothing is checked then");
            Err(OptionsError::new("MLFLOW_TRACKING_INSECURE_TLS", reason))
        }
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(field, path, &read(field, path)?)? {
                roots.add(certificate).map_err(|error| unusable(field, path, "certificate").because(error))?;
            }
            Ok(builder.with_root_certificates(roots))
        }
        None if tls.insecure => Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(Unchecked(provider)))),
        None if is_https => {
            let system = rustls_platform_verifier::Verifier::new(provider);
            let reason = format!("cannot be read; {field} names a file with others");
            let system =
                system.map_err(|error| OptionsError::new("the system's certificates", reason).because(error))?;
            Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(system)))
        }
        None => Ok(builder.with_root_certificates(RootCertStore::empty())),
    }
}

/// All certificates of a file, of which there must be one.
fn certificates(field: &str, path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, OptionsError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = certificates.map_err(|error| unusable(field, path, "certificate").because(error))?;
    if certificates.is_empty() { Err(unusable(field, path, "certificate")) } else { Ok(certificates) }
}

fn read(field: &str, path: &Path) -> Result<Vec<u8>, OptionsError> {
    std::fs::read(path)
        .map_err(|error| OptionsError::new(field, format!("{} cannot be read", path.display())).because(error))
}

fn unusable(field: &str, path: &Path, what: &str) -> OptionsError {
    OptionsError::new(field, format!("{} holds no usable {what} in PEM form", path.display()))
}
