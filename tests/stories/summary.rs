//! The job summary as it is written, for the ends that people read it for.

use plimsoll::report::summary;

use crate::setting::{large, redeploy, roomy};

#[tokio::test(start_paused = true)]
async fn of_a_blocked_deploy() {
    let told = redeploy(large).input("service", "sample").deploy().await;
    insta::assert_snapshot!(summary::render(&told.report), @"
    ### ❌ blocked: the rollout can't finish: no instance has room for a new task beside the old ones, and none of the old ones may stop first (i-0e6984080bab12a02: 6144 CPU units needed, 2048 free, 4096 short)

    The service was not changed.

    | | |
    |---|---|
    | Image | `111122223333.dkr.ecr.eu-west-1.amazonaws.com/api@sha256:ba790156fb248f37fda6e33110b2d5a3b6659d2b36c44d81cdb87b18a6b11e6d` |
    | Task definition | a new revision of `sample`, not registered |
    | Service `web/sample` | blocked |
    | Console | [open the service](https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/web/services/sample/deployments?region=eu-west-1) |

    **the rollout can't finish: no instance has room for a new task beside the old ones, and none of the old ones may stop first** (cpu)

    - instance i-0e6984080bab12a02: 6144 CPU units needed, 2048 free, 4096 short
    - instance i-0e6984080bab12a02: 16384 MiB needed, 15360 free, 1024 short
    - at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)
    - → set &#96;minimumHealthyPercent&#96; to 0 and &#96;maximumPercent&#96; to 100 (now 100 and 200) (the service is down from the stop of the old tasks until the new ones are healthy)
    - → give the task 2048 CPU units instead of 6144 and 15360 MiB instead of 16384 (each task has that much less)
    - → add 1 more instance of type m5.2xlarge to the cluster (what an instance costs while it runs)

    <details><summary>Forecast: the rollout can't finish: no instance has room for a new task beside the old ones, and none of the old ones may stop first</summary>

    - at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)

    | Instance | Type | CPU free | MiB free | ENI free | One more task |
    |---|---|--:|--:|--:|---|
    | `i-0e6984080bab12a02` | `m5.2xlarge` | 2048 | 15360 | 2 | 6144 CPU units needed, 2048 free, 4096 short; 16384 MiB needed, 15360 free, 1024 short |

    </details>
    <details><summary>What the new revision changes</summary>

    | Member | Before | After |
    |---|---|---|
    | `containerDefinitions[sample].image` | `111122223333.dkr.ecr.eu-west-1.amazonaws.com/api:v1` | `111122223333.dkr.ecr.eu-west-1.amazonaws.com/api@sha256:ba790156fb248f37fda6e33110b2d5a3b6659d2b36c44d81cdb87b18a6b11e6d` |

    </details>
    ");
}

#[tokio::test(start_paused = true)]
async fn of_a_deploy_that_went_well() {
    let told = redeploy(|world| roomy(world, 1)).deploy().await;
    insta::assert_snapshot!(summary::render(&told.report), @"
    ### ✅ succeeded: api:2 serves: the deployment is complete

    | | |
    |---|---|
    | Image | `111122223333.dkr.ecr.eu-west-1.amazonaws.com/api@sha256:ba790156fb248f37fda6e33110b2d5a3b6659d2b36c44d81cdb87b18a6b11e6d` |
    | Task definition | `api:2` (new) |
    | Service `web/api` | succeeded |
    | Console | [open the service](https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/web/services/api/deployments?region=eu-west-1) |

    <details><summary>Forecast: the rollout fits: 1 new task in 1 wave</summary>

    - at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)

    | Instance | Type | CPU free | MiB free | ENI free | One more task |
    |---|---|--:|--:|--:|---|
    | `i-0e6984080bab12a02` | `m5.large` | 1792 | 7252 | 2 | fits |
    | `i-03fdabe86cbbeaa11` | `m5.large` | 2048 | 7764 | 2 | fits |

    </details>
    <details><summary>What the new revision changes</summary>

    | Member | Before | After |
    |---|---|---|
    | `containerDefinitions[app].image` | `111122223333.dkr.ecr.eu-west-1.amazonaws.com/api:v1` | `111122223333.dkr.ecr.eu-west-1.amazonaws.com/api@sha256:ba790156fb248f37fda6e33110b2d5a3b6659d2b36c44d81cdb87b18a6b11e6d` |

    </details>
    ");
}
