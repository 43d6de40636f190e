//! How rollouts end.

use plimsoll_sim::{Breaker, Exit, ServiceSpec, TaskBehaviour};

use crate::door::Story;
use crate::setting::{definition, images, instance, roomy, service};

#[tokio::test(start_paused = true)]
async fn a_plain_rollout_on_instances_succeeds() {
    let told = Story::new(|world| roomy(world, 3)).input("repository", "api").input("image-tag", "v2").deploy().await;
    println!("{}", told.log);
    assert_eq!(told.outcome(), "succeeded");
}
