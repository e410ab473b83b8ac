use candor_mlflow::MlflowOptions;
use candor_model::ExperimentId;
use candor_store::conformance::block_on;
use candor_store::{ExperimentKey, TrackingStore};
use candor_tests::Mlflow;
use candor_tests::python::Release;
use rcgen::{CertifiedKey, generate_simple_self_signed};

use super::{connect, told};

#[test]
fn a_server_is_trusted_by_its_certificate_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    for name in ["server", "other"] {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(file(&format!("{name}.pem")), cert.pem()).unwrap();
        std::fs::write(file(&format!("{name}.key")), signing_key.serialize_pem()).unwrap();
    }
    let mlflow = Mlflow::builder(&Release::Reference.program()).tls(&file("server.pem"), &file("server.key")).start();
    let options = || MlflowOptions::new(mlflow.url());

    let store = connect(options().server_certificates(file("server.pem"))).unwrap();
    let default = block_on(store.get_experiment(&ExperimentKey::Id(ExperimentId::DEFAULT))).unwrap();
    assert!(default.is_some());

    for wrong in [options(), options().server_certificates(file("other.pem"))] {
        let text = told(&connect(wrong).unwrap_err());
        assert!(text.contains("invalid peer certificate"), "{text}");
        assert!(text.contains("MLFLOW_TRACKING_SERVER_CERT_PATH"), "{text}");
    }
}
