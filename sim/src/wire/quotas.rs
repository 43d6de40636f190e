//! Service Quotas: what Fargate allows the account.

use serde_json::{Value, json};

use crate::world::{Refusal, World};

/// On demand, and Spot; the stand-in has one number for both.
const CODES: [&str; 2] = ["L-3032A538", "L-36FBB829"];

pub(super) fn quota(world: &World, body: &Value) -> Result<Value, Refusal> {
    let code = body["QuotaCode"].as_str().unwrap_or_default();
    if body["ServiceCode"] != "fargate" || !CODES.contains(&code) {
        let text = "The request failed because the specified quota does not exist.";
        return Err(Refusal::new("NoSuchResourceException", text));
    }
    let value = i32::try_from(world.fargate.cpu_quota).unwrap_or(i32::MAX);
    Ok(
        json!({"Quota": {"ServiceCode": "fargate", "QuotaCode": code, "Value": f64::from(value) / 1024.0}}),
    )
}
