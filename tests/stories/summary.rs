//! The job summary as it is written, for the ends that people read it for.

use plimsoll::report::summary;
use plimsoll_sim::{ServiceSpec, World};

use crate::door::Told;
use crate::setting::{crash, definition, images, instance, large, redeploy, roomy, service};

fn written(told: &Told) -> String {
    summary::render(&told.shown())
}

/// The part of `text` before `end`.
fn up_to<'a>(text: &'a str, end: &str) -> &'a str {
    text.split_once(end)
        .unwrap_or_else(|| panic!("no `{end}` in:\n{text}"))
        .0
}

/// `page` with `text` between the markers of `picture`.
fn with_picture(page: &str, picture: &str, text: &str) -> String {
    let open = format!("<!-- picture: {picture} -->\n");
    let (before, rest) = page.split_once(&open).expect("the picture's place");
    let (_, after) = rest.split_once("<!-- /picture -->").expect("its end");
    format!("{before}{open}{text}<!-- /picture -->{after}")
}

async fn blocked() -> Told {
    redeploy(large).input("service", "sample").deploy().await
}

/// The large task where nobody checks beforehand whether it fits.
async fn stuck() -> Told {
    let story = redeploy(large).input("service", "sample");
    story.input("capacity-check", "off").deploy().await
}

/// Three services, of which `jobs` fails.
async fn several() -> Told {
    let story = redeploy(|world| {
        images(world);
        (0..3).for_each(|_| drop(instance(world)));
        for name in ["api", "jobs", "mail"] {
            let spec = ServiceSpec {
                name: name.to_owned(),
                ..ServiceSpec::default()
            };
            service(world, definition(name, 128, 256), spec);
        }
        crash(world, "jobs:2", 1);
    });
    story.input("service", "api\njobs\nmail").deploy().await
}

async fn failed() -> Told {
    let story = redeploy(|world: &mut World| {
        roomy(world, 2);
        crash(world, "api@", 137);
    });
    story.deploy().await
}

async fn succeeded() -> Told {
    redeploy(|world| roomy(world, 2)).deploy().await
}

/// The new tasks run, and ECS may not stop one of the old ones.
async fn held() -> Told {
    let story = redeploy(|world| {
        roomy(world, 3);
        let id = world.tasks()[0].id.clone();
        world.protect(&id, true, Some(120));
    });
    story.deploy().await
}

/// `UPDATE=1` writes them.
#[tokio::test(start_paused = true)]
async fn the_pages_pictures_are_what_is_written() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/summary.md");
    let page = std::fs::read_to_string(path).unwrap();
    let wanted = [
        ("blocked", blocked().await),
        ("failed", failed().await),
        ("stuck", held().await),
        ("succeeded", succeeded().await),
    ];
    let wanted = wanted.iter().fold(page.clone(), |page, (outcome, told)| {
        assert_eq!(told.outcome(), *outcome, "{}", told.log);
        with_picture(&page, outcome, &written(told))
    });
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &wanted).unwrap();
    } else {
        assert_eq!(page, wanted, "run with UPDATE=1");
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_deploy_that_went_well() {
    let told = succeeded().await;
    insta::assert_snapshot!(written(&told), @r##"
    ### ✅ succeeded: api:2 serves: the deployment is complete

    | | |
    |---|---|
    | Image | `111122223333.dkr.ecr.eu-west-1.amazonaws.com/api@sha256:ba790156fb248f37fda6e33110b2d5a3b6659d2b36c44d81cdb87b18a6b11e6d` |
    | Task definition | `api:2` (new) |
    | Service | `web/api` ([console](https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/web/services/api/deployments?region=eu-west-1)) |
    | Time | 1 min 30 s |

    <details><summary>What the new revision changes (1)</summary>

    | Member | Before | After |
    |---|---|---|
    | `containerDefinitions[app].image` | `111122223333.dkr.ecr.eu-west-1.amazonaws.com/api:v1` | `111122223333.dkr.ecr.eu-west-1.amazonaws.com/api@sha256:ba790156fb248f37fda6e33110b2d5a3b6659d2b36c44d81cdb87b18a6b11e6d` |

    </details>

    New tasks that ran are green, old ones grey; the amber spikes mark what ECS said and what went wrong.

    ```mermaid
    %%{init: {"themeVariables": {"xyChart": {"plotColorPalette": "#bf8700, #8c959f, #2da44e"}}, "xyChart": {"width": 400, "height": 280, "xAxis": {"labelFontSize": 12}, "yAxis": {"labelFontSize": 12}}}}%%
    xychart-beta
      x-axis "seconds" 0 --> 90
      y-axis "% of 2 tasks" 0 --> 108
      line [0, 0, 0, 0, 15, 15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 15, 0, 0, 0, 15, 0, 0, 0, 0, 0, 15]
      line [100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 50, 50, 50, 50, 0, 0, 0, 0, 0, 0, 0]
      line [0, 0, 0, 0, 0, 0, 0, 50, 50, 50, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100]
    ```

    <details><summary>What was said and went wrong (5)</summary>

    - 0:10 ECS: has started 1 tasks: (task e70cd6df5d49ce30f5d81f333a1fb9e9).
    - 0:15 ECS: has started 1 tasks: (task e6df52ffdf834b476a3f7fb9fcd4241d).
    - 1:00 ECS: has stopped 1 running tasks: (task 69c3a276887953691a82e79b05b5faeb).
    - 1:10 ECS: has stopped 1 running tasks: (task f5ba4eb728dd632ceb0354df4a45b34e).
    - 1:30 ECS: has reached a steady state.

    </details>

    <details><summary>Forecast: fits</summary>

    - the rollout fits: 2 new tasks in 1 wave
    - at least 2 healthy (2 × 100 % rounded up), at most 4 running or pending (2 × 200 % rounded down)
    - each new task needs 256 CPU units, 512 MiB

    | Instance | Type | CPU free | MiB free | ENI free | GPU free | One more task |
    |---|---|--:|--:|--:|--:|---|
    | `i-0e6984080bab12a02` | `m5.large` | 1792 | 7252 | 2 | 0 | fits |
    | `i-03fdabe86cbbeaa11` | `m5.large` | 1792 | 7252 | 2 | 0 | fits |

    </details>
    "##);
}

#[tokio::test(start_paused = true)]
async fn of_a_stuck_rollout_the_way_out_comes_before_the_rest() {
    let text = written(&stuck().await);
    insta::assert_snapshot!(up_to(&text, "- → AWS's page"), @"
    ### ❌ stuck: the rollout of sample:2 can't go on: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first (i-0e6984080bab12a02: 6144 CPU units needed, 2048 free, 4096 short)

    The service was changed by this run.

    - → ECS goes on trying: the old tasks that still run go on serving, and the new revision starts as soon as there is room

    **Why** (cpu)

    - instance i-0e6984080bab12a02: 6144 CPU units needed, 2048 free, 4096 short
    - instance i-0e6984080bab12a02: 16384 MiB needed, 15360 free, 1024 short
    - at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)

    **What helps**

    - → set `minimumHealthyPercent` to 0 and `maximumPercent` to 100 (now 100 and 200); cost: the service is down from the stop of the old tasks until the new ones are healthy
    - → give the task 2048 CPU units instead of 6144 and 15360 MiB instead of 16384; cost: each task then has less to work with
    - → add 1 more instance of type m5.2xlarge to the cluster; cost: the price of that instance while it runs
    ");
    assert!(
        text.contains("From the first look to the last, 5 s, 0 new and 1 old tasks ran."),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn of_several_services_the_worst_comes_first() {
    let text = written(&several().await);
    insta::assert_snapshot!(up_to(&text, "**Why**"), @"
    ### ❌ failed: 2 of 3 services are well; `jobs`: the rollout of jobs:2 failed: 3 tasks of the new revision failed in a row and none got healthy: task 7a27143e: Essential container in task exited (container `app`, exit code 1)

    3 of 3 services were changed by this run.

    | Service | Outcome | Why |
    |---|---|---|
    | ❌ `web/jobs` | failed | the rollout of jobs:2 failed: 3 tasks of the new revision failed in a row and none got healthy: task 7a27143e: Essential container in task exited (container `app`, exit code 1) |
    | ✅ `web/api` | succeeded | api:2 serves: the deployment is complete |
    | ✅ `web/mail` | succeeded | mail:2 serves: the deployment is complete |

    #### ❌ `web/jobs`: failed ([console](https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/web/services/jobs/deployments?region=eu-west-1))
    ");
    let sections: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("####"))
        .collect();
    let names = sections.iter().map(|line| up_to(line, " ([console]"));
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            "#### ❌ `web/jobs`: failed",
            "#### ✅ `web/api`: succeeded",
            "#### ✅ `web/mail`: succeeded"
        ]
    );
    assert_eq!(text.matches("```mermaid").count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_the_outlook_and_the_difference() {
    let story = redeploy(large)
        .input("service", "sample")
        .input("dry-run", "true");
    let told = story.deploy().await;
    let plan = summary::plan(&told.shown(), 10_000);
    insta::assert_snapshot!(up_to(&plan, "<details"), @"
    ❌ `web/sample`: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first

    **What helps**

    - → set `minimumHealthyPercent` to 0 and `maximumPercent` to 100 (now 100 and 200); cost: the service is down from the stop of the old tasks until the new ones are healthy
    - → give the task 2048 CPU units instead of 6144 and 15360 MiB instead of 16384; cost: each task then has less to work with
    - → add 1 more instance of type m5.2xlarge to the cluster; cost: the price of that instance while it runs
    ");
    assert!(plan.contains("What the new revision changes (1)"), "{plan}");
    // The difference is the first to go, and that is said.
    let short = summary::plan(&told.shown(), plan.len() - 1);
    assert!(
        short.len() < plan.len()
            && short.ends_with(
                "_Left out because of the size limit: what the new revision changes; the JSON report has it all._\n"
            ),
        "{short}"
    );
    assert!(written(&told).starts_with("### ⚠️ planned: nothing was changed"));
}
