//! Service Quotas: how many vCPUs Fargate gives the account.

use serde_json::{Value, json};

use super::signed::{Ask, Service};
use super::{Aws, AwsError};

const SERVICE_QUOTAS: Service = Service {
    id: "Service Quotas",
    host: "servicequotas",
    api: "ServiceQuotasV20190624",
};
/// "Fargate On-Demand vCPU resource count" and "Fargate Spot vCPU resource count".
const ON_DEMAND: &str = "L-3032A538";
const SPOT: &str = "L-36FBB829";
/// One vCPU in CPU units.
const UNITS_PER_VCPU: f64 = 1024.0;
/// No account has more vCPUs; it also keeps the number exact.
const VCPUS_MAX: f64 = 1e9;

impl Aws {
    /// GetServiceQuota: the CPU units that the account's Fargate tasks may have together, those on
    /// Spot or those on demand.
    pub(super) async fn fargate_quota(&self, spot: bool) -> Result<i64, AwsError> {
        let code = if spot { SPOT } else { ON_DEMAND };
        let ask = Ask {
            service: &SERVICE_QUOTAS,
            action: "servicequotas:GetServiceQuota",
            subject: format!("quota `{code}` of `fargate`"),
        };
        let body = json!({"ServiceCode": "fargate", "QuotaCode": code});
        let answer = self.json(&ask, &body).await?;
        units(&answer).ok_or_else(|| ask.incomplete("the answer has no value"))
    }
}

/// `Quota.Value`, in vCPUs, as CPU units.
fn units(answer: &Value) -> Option<i64> {
    let value = answer.get("Quota")?.get("Value")?.as_f64()?;
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    (0.0..=VCPUS_MAX)
        .contains(&value)
        .then_some((value * UNITS_PER_VCPU) as i64)
}
