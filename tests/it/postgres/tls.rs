//! Encrypted connections, to a server that is trusted by its certificate.

use std::path::Path;

use candor_postgres::{ConnectError, PostgresOptions, PostgresStore};
use candor_store::conformance::block_on;
use candor_tests::Postgres;
use rcgen::{CertifiedKey, generate_simple_self_signed};

#[test]
fn a_database_is_trusted_by_its_certificate_only() {
    let folder = tempfile::tempdir().unwrap();
    let [own, other] = ["own.pem", "other.pem"].map(|name| folder.path().join(name));
    let certified = || generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let CertifiedKey { cert, signing_key } = certified();
    std::fs::write(&own, cert.pem()).unwrap();
    std::fs::write(&other, certified().cert.pem()).unwrap();
    let server = Postgres::start();
    server.serve_tls(&cert.pem(), &signing_key.serialize_pem());
    let url = server.database().replace("127.0.0.1", "localhost");
    let name = url.rsplit('/').next().unwrap();
    let trusting = |certificate: &Path| format!("{url}?sslmode=verify-full&sslrootcert={}", certificate.display());

    block_on(async {
        let store = PostgresStore::connect(PostgresOptions::new(trusting(&own))).await.unwrap();
        assert!(store.report().await.is_ok());
        let plain = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
            WHERE application_name = 'candor' AND NOT ssl";
        assert_eq!(server.try_execute(name, plain).as_deref(), Some("0"), "a connection is not encrypted");

        for wrong in [trusting(&other), format!("{url}?sslmode=verify-full")] {
            let refused = PostgresStore::connect(PostgresOptions::new(wrong)).await.unwrap_err();
            let ConnectError::Connect(cause) = &refused else { panic!("{refused:?}") };
            assert!(cause.to_string().contains("invalid peer certificate"), "{cause}");
        }
    });
}
