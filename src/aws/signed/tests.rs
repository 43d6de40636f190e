use aws_config::{BehaviorVersion, SdkConfig};
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use proptest::prelude::*;

use super::{Service, endpoint, json_error, xml_error};

const SERVICE: Service = Service {
    id: "Auto Scaling",
    host: "autoscaling",
    api: "2011-01-01",
};

#[test]
fn asks_where_aws_or_the_settings_say() {
    let plain = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .build();
    let set = plain
        .to_builder()
        .endpoint_url("http://127.0.0.1:4566/")
        .build();
    for (config, region, expected) in [
        (
            &plain,
            "eu-west-1",
            "https://autoscaling.eu-west-1.amazonaws.com/",
        ),
        (
            &plain,
            "us-gov-west-1",
            "https://autoscaling.us-gov-west-1.amazonaws.com/",
        ),
        (
            &plain,
            "cn-north-1",
            "https://autoscaling.cn-north-1.amazonaws.com.cn/",
        ),
        (&set, "eu-west-1", "http://127.0.0.1:4566/"),
    ] {
        assert_eq!(endpoint(config, &SERVICE, region), expected);
    }
}

#[test]
fn reads_the_three_shapes_of_errors() {
    let denied = ("AccessDenied".to_owned(), "no & no".to_owned());
    let common = b"<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no &amp; no</Message></Error></ErrorResponse>";
    let ec2 = b"<Response><Errors><Error><Code>AccessDenied</Code><Message>no &amp; no</Message></Error></Errors><RequestID>1</RequestID></Response>";
    assert_eq!(xml_error(common), denied);
    assert_eq!(xml_error(ec2), denied);
    assert_eq!(
        json_error(br#"{"__type": "com.amazonaws.logs#AccessDenied", "Message": "no & no"}"#),
        denied
    );
    assert_eq!(xml_error(b"<html>Bad Gateway"), Default::default());
}

proptest! {
    #[test]
    fn no_error_body_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = (xml_error(&bytes), json_error(&bytes));
    }
}

/// Endpoints as the environment or a profile sets them for single services.
#[derive(Debug)]
struct OnlyFor(&'static str);

impl LoadServiceConfig for OnlyFor {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        (key.service_id() == self.0 && key.env() == "AWS_ENDPOINT_URL")
            .then(|| "https://proxy.example".to_owned())
    }
}

#[test]
fn an_endpoint_of_one_service_goes_before_that_of_all() {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url("http://all.example")
        .build();
    for (only, expected) in [
        ("Auto Scaling", "https://proxy.example/"),
        ("EC2", "http://all.example/"),
    ] {
        let config = config.to_builder().service_config(OnlyFor(only)).build();
        assert_eq!(endpoint(&config, &SERVICE, "eu-west-1"), expected);
    }
}
