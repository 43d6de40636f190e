//! The same worlds read through the real clients: what the tests read by themselves is what a
//! run would have read.

#[path = "../clients/model/record.rs"]
mod record;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use plimsoll::aws::Aws;
use plimsoll::capacity::{Deploy, TaskNeeds, forecast, forecast_together};
use plimsoll::wording;
use plimsoll_sim::{Answer, Sim};

use crate::dice::Dice;
use crate::plan::Plan;
use crate::run::deploys;
use crate::seen::look;
use crate::worlds::world;

/// Worlds that are read both ways.
const WORLDS: u64 = 300;

#[derive(Clone, Debug)]
struct Door(Sim);

impl HttpConnector for Door {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let request = request.try_into_http1x().expect("a plain request");
        let request = request.map(|body| Bytes::copy_from_slice(body.bytes().unwrap_or_default()));
        let now = self.0.with(|world| world.now());
        let answer = self.0.answer(now, &request);
        record::note("plimsoll", &request, &answer);
        HttpConnectorFuture::ready(match answer {
            Answer::Response(response) | Answer::Late(_, response) => {
                Ok(HttpResponse::try_from(response.map(SdkBody::from)).expect("a plain response"))
            }
            Answer::Dropped => Err(ConnectorError::io("connection reset by peer".into())),
        })
    }
}

fn aws(sim: &Sim) -> Aws {
    let door = SharedHttpConnector::new(Door(sim.clone()));
    let http = door.clone();
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http_client_fn(move |_, _| http.clone()))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .build();
    Aws::new(&config, door)
}

/// The verdicts, as a run would come to them.
async fn through_the_door(sim: &Sim, plan: &Plan) -> Vec<String> {
    let aws = aws(sim);
    let names: Vec<&str> = plan.deployed.iter().map(|party| party.name).collect();
    let services = aws.services("web", &names).await.expect("services").found;
    let mut needs = Vec::new();
    for name in &names {
        let described = aws
            .task_definition(&format!("{name}:2"))
            .await
            .expect("a definition");
        needs.push(TaskNeeds::of(&described.document));
    }
    let asked: Vec<_> = services.iter().zip(&needs).collect();
    let mut survey = aws.before_a_deploy().survey("web", &asked, None).await;
    let lost = survey.instances.iter().filter(|one| !one.agent_connected);
    survey.agents_lost = lost.map(|one| one.arn.clone()).collect();
    let deploys: Vec<Deploy<'_>> = services
        .iter()
        .zip(&needs)
        .map(|(service, needs)| survey.deploy(service, needs, None))
        .collect();
    verdicts(&match deploys.as_slice() {
        [one] => vec![forecast(&survey.cluster(), one)],
        several => forecast_together(&survey.cluster(), several),
    })
}

fn verdicts(forecasts: &[plimsoll::capacity::Forecast]) -> Vec<String> {
    forecasts
        .iter()
        .map(|one| format!("{}: {}", one.verdict.as_str(), wording::headline(one)))
        .collect()
}

#[tokio::test]
async fn the_clients_read_what_the_tests_read() {
    for seed in 0..WORLDS {
        let plan = world(&mut Dice::new(seed));
        let sim = Sim::new(plan.build());
        let seen = look(&sim, &plan, false);
        let direct = deploys(&seen);
        let direct = verdicts(&match direct.as_slice() {
            [one] => vec![forecast(&seen.survey.cluster(), one)],
            several => forecast_together(&seen.survey.cluster(), several),
        });
        assert_eq!(
            through_the_door(&sim, &plan).await,
            direct,
            "seed {seed}\n{plan:?}"
        );
    }
}
