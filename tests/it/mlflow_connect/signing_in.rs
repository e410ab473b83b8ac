use candor_mlflow::{ConnectError, MlflowOptions};
use candor_model::ExperimentId;
use candor_store::conformance::block_on;
use candor_store::{ExperimentKey, TrackingStore};
use candor_tests::Mlflow;
use candor_tests::python::Release;

use super::{connect, told};

const PASSWORD: &str = "correct-horse-battery";

#[test]
fn who_cannot_sign_in_is_told_so_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("auth.ini");
    let database = folder.path().join("auth.db");
    let text = format!(
        "[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{}\nadmin_username = ada\n\
         admin_password = {PASSWORD}\nauthorization_function = mlflow.server.auth:authenticate_request_basic_auth\n",
        database.display()
    );
    std::fs::write(&settings, text).unwrap();
    let mlflow = Mlflow::builder(&Release::Reference.program())
        .argument("--app-name")
        .argument("basic-auth")
        .variable("MLFLOW_AUTH_CONFIG_PATH", &settings.display().to_string())
        .variable("MLFLOW_FLASK_SERVER_SECRET_KEY", "only for this test")
        .start();
    let options = || MlflowOptions::new(mlflow.url());

    let store = connect(options().basic_auth("ada", PASSWORD)).unwrap();
    let default = block_on(store.get_experiment(&ExperimentKey::Id(ExperimentId::DEFAULT))).unwrap();
    assert_eq!(default.unwrap().name.as_str(), "Default");

    for (options, with) in [
        (options().basic_auth("ada", "not-my-password"), "refuses user name and password: status 401"),
        (options(), "refuses a request without credentials: status 401"),
    ] {
        let error = connect(options).unwrap_err();
        assert!(matches!(error, ConnectError::Denied { .. }), "{error:?}");
        let text = told(&error);
        assert!(text.contains(with) && text.contains("MLFLOW_TRACKING_PASSWORD"), "{text}");
        assert!(!text.contains("not-my-password") && !format!("{error:?}").contains("not-my-password"), "{error:?}");
    }
}
