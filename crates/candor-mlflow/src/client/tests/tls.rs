//! Certificates, with a real TLS server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::server::WebPkiClientVerifier;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::hasty;
use crate::{ConnectError, MlflowError, MlflowOptions, MlflowStore};

/// A certificate with its key, in memory and in files.
struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    /// The certificate alone.
    public: PathBuf,
    /// Certificate and key.
    whole: PathBuf,
    _folder: TempDir,
}

impl Identity {
    fn new() -> Self {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (public, whole) = (folder.path().join("public.pem"), folder.path().join("whole.pem"));
        std::fs::write(&public, cert.pem()).unwrap();
        std::fs::write(&whole, cert.pem() + &signing_key.serialize_pem()).unwrap();
        Self {
            certificate: cert.der().clone(),
            key: PrivateKeyDer::from_pem_slice(signing_key.serialize_pem().as_bytes()).unwrap(),
            public,
            whole,
            _folder: folder,
        }
    }
}

/// A server that answers `3.17.2` to anything, and returns its address.
async fn serve(identity: &Identity, trusted_client: Option<&Identity>) -> String {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider.clone());
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = match trusted_client {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let mut roots = RootCertStore::empty();
            roots.add(client.certificate.clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let config = builder.with_single_cert(vec![identity.certificate.clone()], identity.key.clone_key()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n3.17.2").await;
            let _ = stream.shutdown().await;
        }
    });
    format!("https://localhost:{port}")
}

#[track_caller]
fn assert_refused(connected: Result<MlflowStore, ConnectError>) {
    let error = connected.unwrap_err();
    let ConnectError::Unreachable { source, .. } = &error else { panic!("{error}: {error:?}") };
    let MlflowError::Tls { reason, .. } = &**source else { panic!("{source}: {source:?}") };
    assert!(!reason.is_empty());
}

#[tokio::test]
async fn an_unknown_certificate_is_refused_unless_it_is_trusted() {
    let (identity, other) = (Identity::new(), Identity::new());
    let url = serve(&identity, None).await;
    assert_refused(MlflowStore::connect(hasty(&url)).await);
    assert_refused(MlflowStore::connect(hasty(&url).server_certificates(&other.public)).await);
    MlflowStore::connect(hasty(&url).server_certificates(&identity.public)).await.unwrap();
    MlflowStore::connect(hasty(&url).insecure_tls()).await.unwrap();
}

#[tokio::test]
async fn a_server_may_ask_for_our_certificate() {
    let (identity, client, stranger) = (Identity::new(), Identity::new(), Identity::new());
    let url = serve(&identity, Some(&client)).await;
    let options = || hasty(&url).server_certificates(&identity.public);
    assert_refused(MlflowStore::connect(options()).await);
    assert_refused(MlflowStore::connect(options().client_certificate(&stranger.whole)).await);
    MlflowStore::connect(options().client_certificate(&client.whole)).await.unwrap();
}

#[test]
fn certificates_are_not_read_where_nothing_is_encrypted() {
    // What the system trusts is read for HTTPS only; a container without certificates shows it.
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "client::tests::tls::a_plain_server_needs_no_certificates"])
        .env("SSL_CERT_FILE", "/nonexistent")
        .env("SSL_CERT_DIR", "/nonexistent")
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
}

#[test]
fn a_plain_server_needs_no_certificates() {
    MlflowStore::lazy(&MlflowOptions::new("http://localhost")).unwrap();
    if std::env::var_os("SSL_CERT_FILE").is_some_and(|file| file == "/nonexistent") {
        MlflowStore::lazy(&MlflowOptions::new("https://localhost")).unwrap_err();
    }
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named() {
    let identity = Identity::new();
    let not_pem = identity.public.with_file_name("not.pem");
    std::fs::write(&not_pem, "not a certificate").unwrap();
    let options = || MlflowOptions::new("https://localhost");
    for (options, field, path) in [
        (options().server_certificates("nowhere.pem"), "MLFLOW_TRACKING_SERVER_CERT_PATH", Path::new("nowhere.pem")),
        (options().server_certificates(&not_pem), "MLFLOW_TRACKING_SERVER_CERT_PATH", &not_pem),
        (options().client_certificate(&identity.public), "MLFLOW_TRACKING_CLIENT_CERT_PATH", &identity.public),
    ] {
        let error = MlflowStore::lazy(&options).unwrap_err();
        assert_eq!(error.field(), field);
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
    let both = options().insecure_tls().server_certificates(&identity.public);
    assert!(MlflowStore::lazy(&both).unwrap_err().to_string().contains("cannot be combined"));
}
