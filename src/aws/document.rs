//! Task definitions, raw in both directions: what AWS wrote is what is edited and what is sent.
//!
//! The typed SDK structs would drop every member that is newer than the SDK, so the body of the
//! answer is tapped after it was read, and the body of the request is put in before it is signed.

use std::sync::{Arc, Mutex, PoisonError};

use aws_config::retry::RetryConfig;
use aws_sdk_ecs::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_ecs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ecs::error::BoxError;
use aws_sdk_ecs::types::TaskDefinitionField;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

use super::{Aws, AwsError, Described, once};
use crate::capacity::TaskNeeds;
use crate::snapshot::last_part;

impl Aws {
    /// DescribeTaskDefinition by family, `family:revision` or ARN, with its tags.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer can't be read.
    pub async fn task_definition(&self, which: &str) -> Result<Described, AwsError> {
        let action = "ecs:DescribeTaskDefinition";
        let subject = format!("task definition `{which}`");
        let tap = Tap::default();
        let answer = self
            .ecs
            .describe_task_definition()
            .task_definition(which)
            .include(TaskDefinitionField::Tags)
            .customize()
            .interceptor(tap.clone())
            .send()
            .await
            .map(|_| ())
            .map_err(|error| AwsError::of(action, subject.as_str(), error));
        let described = tap.answer(answer, action, subject.clone())?;
        let described = described.if_asked(which, action, subject)?;
        self.facts.note_revision(&described);
        Ok(described)
    }

    /// What tasks of a revision need, by DescribeTaskDefinition.
    pub(super) async fn needs_of(&self, arn: &str) -> Result<TaskNeeds, AwsError> {
        let described = self.task_definition(arn).await?;
        Ok(TaskNeeds::of(&described.document))
    }

    /// RegisterTaskDefinition with `body` as it stands, sent once.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer is lost; it may have been carried
    /// out then.
    pub async fn register_task_definition(&self, body: &Value) -> Result<Described, AwsError> {
        let action = "ecs:RegisterTaskDefinition";
        let family = body
            .get("family")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let subject = format!("family `{family}`");
        let tap = Tap::default();
        let answer = self
            .ecs
            .register_task_definition()
            .family(family)
            .set_container_definitions(Some(Vec::new()))
            .customize()
            .config_override(
                aws_sdk_ecs::config::Builder::new().retry_config(RetryConfig::disabled()),
            )
            .interceptor(RawBody(body.to_string()))
            .interceptor(tap.clone())
            .send()
            .await
            .map(|_| ())
            .map_err(|error| AwsError::of(action, subject.as_str(), error));
        tap.answer(answer, action, subject.clone())?
            .if_asked(family, action, subject)
    }
}

impl Described {
    /// The same, if it is one of what was asked for: a family, `family:revision` or an ARN. Another
    /// family's revision would be deployed as if it were ours.
    fn if_asked(
        self,
        which: &str,
        action: &'static str,
        subject: String,
    ) -> Result<Described, AwsError> {
        let own = format!("{}:{}", self.family, self.revision);
        let asked = last_part(which);
        let is_asked = asked == self.family || asked == own;
        if is_asked && last_part(&self.arn) == own {
            return Ok(self);
        }
        let text = format!(
            "`{asked}` was asked for, and the answer is about `{}` of family `{}`",
            self.arn, self.family
        );
        Err(AwsError::inconsistent(action, subject, &text))
    }
}

fn described(body: &[u8]) -> Option<Described> {
    let mut answer: Value = once::json(body)?;
    let tags = answer.get_mut("tags").map(Value::take);
    let mut document = answer.get_mut("taskDefinition")?.take();
    let members = document.as_object_mut()?;
    if let Some(tags) = tags.filter(Value::is_array) {
        members.insert("tags".to_owned(), tags);
    }
    Some(Described {
        arn: members.get("taskDefinitionArn")?.as_str()?.to_owned(),
        family: members.get("family")?.as_str()?.to_owned(),
        revision: members.get("revision")?.as_i64()?,
        document,
    })
}

/// Keeps the bytes of the answer.
#[derive(Clone, Debug, Default)]
struct Tap(Arc<Mutex<Vec<u8>>>);

impl Tap {
    /// The definition that AWS answered. The raw body decides: the SDK refuses one that lacks a
    /// member which its own model says is always there.
    fn answer(
        &self,
        answer: Result<(), AwsError>,
        action: &'static str,
        subject: String,
    ) -> Result<Described, AwsError> {
        match (described(&self.take()), answer) {
            (Some(described), _) => Ok(described),
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Err(AwsError::incomplete(
                action,
                subject,
                "the answer holds no task definition",
            )),
        }
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Intercept for Tap {
    fn name(&self) -> &'static str {
        "Tap"
    }

    /// The body is in memory only after the SDK has read it, which is before this hook.
    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let bytes = context
            .response()
            .body()
            .bytes()
            .unwrap_or_default()
            .to_vec();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
        Ok(())
    }
}

/// Replaces the body of the request, before it is signed.
#[derive(Debug)]
struct RawBody(String);

impl Intercept for RawBody {
    fn name(&self) -> &'static str {
        "RawBody"
    }

    /// Runs once, after the serializer has set `content-length` for the body that is thrown away.
    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        *request.body_mut() = SdkBody::from(self.0.as_str());
        request
            .headers_mut()
            .insert("content-length", self.0.len().to_string());
        Ok(())
    }
}
