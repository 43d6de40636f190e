//! Which image is deployed, and which container gets it.

use plimsoll_sim::{DOCKER_MANIFEST, Image, InstanceSpec, ServiceSpec, digest};
use serde_json::{Value, json};

use crate::before::{HOST, body, refused, simple, succeeds};
use crate::door::{START, Story, Told};
use crate::setting::{definition, images, instance, redeploy, roomy, service};

/// Two containers; the second's image is from another repository.
fn pair() -> Story {
    redeploy(|world| {
        images(world);
        world.add_image("proxy", "v1", "amd64");
        instance(world);
        instance(world);
        service(world, two(), ServiceSpec::default());
    })
}

fn two() -> Value {
    let mut document = definition("api", 128, 256);
    let mut second = document["containerDefinitions"][0].clone();
    second["name"] = json!("proxy");
    second["image"] = json!(format!("{HOST}/proxy:v1"));
    second["portMappings"] = json!([]);
    document["containerDefinitions"]
        .as_array_mut()
        .unwrap()
        .push(second);
    document
}

fn images_of(told: &Told) -> Vec<String> {
    let list = body(told, "RegisterTaskDefinition")["containerDefinitions"].clone();
    list.as_array()
        .unwrap()
        .iter()
        .map(|one| one["image"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_not_there() {
    let told = refused(
        simple().input("image-tag", "v9"),
        &[
            "repository `api` holds no image `v9`",
            "the newest tags are: ",
        ],
    )
    .await;
    assert!(
        told.log.contains("v1") && told.log.contains("v2"),
        "{}",
        told.log
    );
    refused(
        simple().input("repository", "nope"),
        &[
            "RepositoryNotFoundException",
            "create-repository --repository-name nope",
        ],
    )
    .await;
    let missing = format!("{HOST}/api@{}", digest(b"nothing"));
    refused(
        Story::new(|world| roomy(world, 1)).input("image", &missing),
        &["holds no image `sha256:"],
    )
    .await;
}

/// Docker Hub's `nginx` is no repository of ECR, and ECR isn't asked for one of that name.
#[tokio::test(start_paused = true)]
async fn an_image_of_another_registry_is_taken_as_it_is() {
    for image in ["nginx:2", "ghcr.io/octo-org/hello:2"] {
        let told = succeeds(Story::new(|world| roomy(world, 1)).input("image", image)).await;
        assert_eq!(images_of(&told), [image]);
        let line = format!("image: {image} isn't in ECR and is taken as it is");
        assert!(told.log.contains(&line), "{}", told.log);
        assert!(!told.log.contains("RepositoryNotFound"), "{}", told.log);
        let asked = told.calls("DescribeRepositories") + told.calls("BatchGetImage");
        assert_eq!(asked, 0, "{image}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_cannot_be_pushed_is_reported_before_the_build() {
    let build = |tags: &str, skip_existing: &str| {
        let story = simple()
            .input("image-tag", "")
            .input("tags", tags)
            .input("skip-existing", skip_existing);
        story.sim.with(|world| world.set_immutable("api"));
        story
    };
    let told = refused(build("v2", "false"), &["`image-tag: v2`", "delete it"]).await;
    insta::assert_snapshot!(told.report.reason, @"tag `v2` is in repository `api` already, and can't be pushed again: the repository is immutable");
    // A push that was cut off between two tags.
    refused(build("v3,v2", "true"), &["tag `v2` is in repository `api`"]).await;
    let with_exceptions = build("v2", "false").rewrite(
        "DescribeRepositories",
        "\"IMMUTABLE\"",
        "\"IMMUTABLE_WITH_EXCLUSION\"",
    );
    for story in [
        build("v3,v4", "true"),
        build("v3", "false"),
        build("v2", "true"),
        build("v2,v3", "true"),
        build("v2", "false").deny("ecr:BatchGetImage"),
        with_exceptions,
    ] {
        let told = story.input("dry-run", "true").deploy().await;
        assert_eq!(told.outcome(), "planned", "{}", told.log);
    }
}

/// The tag that is there is for another platform: it is built, unless it can't be pushed.
#[tokio::test(start_paused = true)]
async fn a_tag_that_exists_for_another_platform_is_built() {
    let build = || {
        simple()
            .input("image-tag", "")
            .input("tags", "v2")
            .input("platform", "linux/arm64")
            // The instances here are none for it, which is another matter.
            .input("capacity-check", "off")
            .input("dry-run", "true")
    };
    let told = build().deploy().await;
    assert_eq!(told.outcome(), "planned", "{}", told.log);
    assert!(
        told.log
            .contains("tag `v2` is in `api` already, for linux/amd64: it is built for linux/arm64")
            && told.log.contains("would be built and pushed"),
        "{}",
        told.log
    );
    let story = build();
    story.sim.with(|world| world.set_immutable("api"));
    refused(story, &["tag `v2` is in repository `api` already"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_image_for_another_platform() {
    let story = simple();
    story
        .sim
        .with(|world| world.add_image("api", "arm", "arm64"));
    refused(
        story.input("image-tag", "arm"),
        &["image `arm` is for linux/arm64, but the tasks need linux/amd64"],
    )
    .await;
    // The platform that is asked for is the one that is checked, and then the instances.
    let arm = |types: &'static [&'static str], platform: &str| {
        redeploy(|world| {
            images(world);
            world.add_image("api", "v2", "arm64");
            for ec2_type in types {
                let ec2_type = (*ec2_type).to_owned();
                world.add_instance(InstanceSpec {
                    ec2_type,
                    ..InstanceSpec::default()
                });
            }
            service(world, definition("api", 256, 512), ServiceSpec::default());
        })
        .input("platform", platform)
    };
    succeeds(arm(&["m6g.large"], "linux/arm64")).await;
    let told = refused(
        arm(&["m5.large", "m5.large"], "linux/arm64"),
        &["build the image for it"],
    )
    .await;
    insta::assert_snapshot!(told.report.reason, @"the image is for linux/arm64, and all 2 instances of service `api` are x86_64");
    let told = arm(&["m6g.large", "m5.large"], "linux/arm64")
        .deploy()
        .await;
    assert_ne!(told.outcome(), "invalid", "{}", told.log);
    let warning = told.log.lines().find(|line| line.contains("exec format"));
    insta::assert_snapshot!(warning.unwrap(), @"  0:00  warning: the image is for linux/arm64, and 1 of the 2 instances of service `api` is x86_64: tasks that land there end with `exec format error`; set `runtimePlatform.cpuArchitecture` in the task definition, and ECS leaves those instances out");
    // Instances that may not be read: said in one line.
    let told = arm(&["m6g.large"], "linux/arm64")
        .deny("ecs:ListContainerInstances")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    let line = told.log.lines().find(|line| line.contains("not checked"));
    insta::assert_snapshot!(line.unwrap(), @"  0:00  service `api`: not checked whether the image runs on the instances' architecture, because the instances can't be read");
}

#[tokio::test(start_paused = true)]
async fn the_platform_that_the_definition_runs_on_wins() {
    let says = |platform: Value| {
        redeploy(move |world| {
            images(world);
            world.add_image("api", "arm", "arm64");
            let ec2_type = "m6g.large".to_owned();
            world.add_instance(InstanceSpec {
                ec2_type,
                ..InstanceSpec::default()
            });
            let mut document = definition("api", 256, 512);
            document["runtimePlatform"] = platform;
            service(world, document, ServiceSpec::default());
        })
    };
    let arm = || says(json!({"cpuArchitecture": "ARM64"}));
    succeeds(arm().input("image-tag", "arm")).await;
    let told = refused(arm(), &["build it for linux/arm64"]).await;
    insta::assert_snapshot!(told.report.reason, @"image `v2` is for linux/amd64, but the tasks need linux/arm64");
    let told = refused(
        says(json!({"cpuArchitecture": "X86_64"})).input("platform", "linux/arm64"),
        &["set `platform: linux/amd64`, or the task definition's `runtimePlatform`"],
    )
    .await;
    insta::assert_snapshot!(told.report.reason, @"`platform` is linux/arm64, and the task definition `api` runs on linux/amd64: its `runtimePlatform` says so");
    let told = refused(
        says(json!({"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"})),
        &["is for linux/amd64, but the tasks need windows/amd64"],
    )
    .await;
    assert_eq!(told.calls("RegisterTaskDefinition"), 0);
}

fn index(story: &Story, tag: &str, architectures: &[&str]) {
    story.sim.with(|world| {
        let mut list = Vec::new();
        for architecture in architectures {
            let digest = world.add_image("api", &format!("{tag}-{architecture}"), architecture);
            let os = if *architecture == "unknown" { "unknown" } else { "linux" };
            list.push(json!({"mediaType": DOCKER_MANIFEST, "size": 500, "digest": digest, "platform": {"architecture": architecture, "os": os}}));
        }
        let media_type = "application/vnd.oci.image.index.v1+json";
        let manifest = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": list}).to_string();
        let image = Image {
            digest: digest(manifest.as_bytes()),
            media_type: media_type.to_owned(),
            manifest: manifest.into(),
            tags: vec![tag.to_owned()],
            pushed: START,
            config: None,
            architecture: Some("amd64".to_owned()),
            size: 1000,
        };
        world.put_image("api", image);
    });
}

#[tokio::test(start_paused = true)]
async fn a_list_of_images_is_judged_by_its_platforms() {
    let story = simple().input("image-tag", "multi");
    index(&story, "multi", &["arm64", "amd64", "unknown"]);
    let told = succeeds(story).await;
    assert_eq!(told.report.image.as_ref().unwrap().platform, "linux/amd64");
    assert!(
        told.report
            .image
            .as_ref()
            .unwrap()
            .reference
            .contains("@sha256:")
    );
    let story = simple().input("image-tag", "arms");
    index(&story, "arms", &["arm64", "unknown"]);
    refused(
        story,
        &["is for linux/arm64, but the tasks need linux/amd64"],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_image_by_digest_and_one_from_elsewhere() {
    let story = Story::new(|world| roomy(world, 1));
    let held = story
        .sim
        .with(|world| world.add_image("api", "v3", "amd64"));
    let told = succeeds(story.input("image", &format!("{HOST}/api@{held}"))).await;
    assert_eq!(images_of(&told), [format!("{HOST}/api@{held}")]);
    // A tag is pinned; what no registry tells is taken as it is.
    let told =
        succeeds(Story::new(|world| roomy(world, 1)).input("image", &format!("{HOST}/api:v2")))
            .await;
    assert!(images_of(&told)[0].starts_with(&format!("{HOST}/api@sha256:")));
    let told =
        succeeds(Story::new(|world| roomy(world, 1)).input("image", "ghcr.io/acme/api:v2")).await;
    assert_eq!(images_of(&told), ["ghcr.io/acme/api:v2"]);
    // The registry's other names are the same registry, and stay as they were given.
    for host in [
        "111122223333.dkr-ecr.eu-west-1.on.aws",
        "111122223333.dkr.ecr-fips.eu-west-1.amazonaws.com",
    ] {
        let story = Story::new(|world| roomy(world, 1)).input("image", &format!("{host}/api:v2"));
        let told = succeeds(story).await;
        assert!(images_of(&told)[0].starts_with(&format!("{host}/api@sha256:")));
    }
    // ECR may not be asked: the tag stands as it was given.
    let story = || Story::new(|world| roomy(world, 1)).input("image", &format!("{HOST}/api:v2"));
    let told = succeeds(story().deny("ecr:BatchGetImage")).await;
    assert_eq!(images_of(&told), [format!("{HOST}/api:v2")]);
    assert!(told.log.contains("ecr:BatchGetImage"), "{}", told.log);
    // The images of a repository may be read where the repository itself may not.
    let told = succeeds(story().deny("ecr:DescribeRepositories")).await;
    assert!(images_of(&told)[0].starts_with(&format!("{HOST}/api@sha256:")));
    let named = told.log.contains("`ecr:DescribeRepositories`");
    assert!(!named, "nothing is lost without it: {}", told.log);
}

/// A deploy of an image below `docker-hub/` in a registry with that rule and `unrelated`.
fn cached(image: &str) -> Story {
    let story = Story::new(|world| {
        roomy(world, 1);
        world.add_image("docker-hub/library/nginx", "1.27", "amd64");
        world.add_cache_rule("unrelated", "quay.io");
        world.add_cache_rule("docker-hub", "registry-1.docker.io");
    });
    story.input("image", &format!("{HOST}/{image}"))
}

#[tokio::test(start_paused = true)]
async fn an_image_that_the_first_pull_brings() {
    // Neither the repository nor the tag need be there.
    for image in [
        "docker-hub/grafana/loki:3.1",
        "docker-hub/library/nginx:1.28",
    ] {
        let told = succeeds(cached(image)).await;
        assert_eq!(images_of(&told), [format!("{HOST}/{image}")]);
        assert!(
            told.log.contains("as it is written, not by its digest"),
            "{}",
            told.log
        );
    }
    let told = succeeds(cached("docker-hub/library/nginx:1.27")).await;
    assert!(images_of(&told)[0].contains("/docker-hub/library/nginx@sha256:"));
    // A rule for all names.
    let story = cached("grafana/loki:3.1");
    story
        .sim
        .with(|world| world.add_cache_rule("ROOT", "111122223333.dkr.ecr.us-east-1.amazonaws.com"));
    succeeds(story).await;
    // No rule is for it: a slip.
    for image in [
        "hub/grafana/loki:3.1",
        "docker-hubs/grafana/loki:3.1",
        "docker-hub:3.1",
        "apii:v2",
    ] {
        let told = refused(
            cached(image),
            &["no pull-through cache rule would create it"],
        )
        .await;
        assert!(
            told.log.contains("RepositoryNotFoundException"),
            "{}",
            told.log
        );
    }
    refused(cached("api:v9"), &["repository `api` holds no image `v9`"]).await;
    // Nobody knows: said, with what comes of a slip.
    let blind = |image: &str| cached(image).deny("ecr:DescribePullThroughCacheRules");
    let told = succeeds(blind("docker-hub/grafana/loki:3.1")).await;
    let warning = told.log.lines().find(|line| line.contains("no repository"));
    let warning = warning.unwrap().split(": User").next().unwrap();
    insta::assert_snapshot!(warning, @"  0:00  warning: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/grafana/loki:3.1 is deployed as it is written, and no task starts if that is wrong: eu-west-1 of account 111122223333 has no repository `docker-hub/grafana/loki`, and whether a pull-through cache rule creates it isn't known: `ecr:DescribePullThroughCacheRules` on the registry failed: AccessDeniedException");
    refused(blind("api:v9"), &["repository `api` holds no image `v9`"]).await;
    refused(
        simple().input("repository", "docker-hub/grafana/loki"),
        &["create-repository --repository-name docker-hub/grafana/loki"],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn which_container_gets_the_image() {
    refused(
        simple().input("container-name", "nope"),
        &["no container `nope`; it has `app`"],
    )
    .await;
    let told = succeeds(pair()).await;
    assert!(images_of(&told)[0].contains("/api@") && images_of(&told)[1].ends_with("/proxy:v1"));
    let told = succeeds(pair().input("container-name", "proxy")).await;
    assert!(images_of(&told)[0].ends_with("/api:v1") && images_of(&told)[1].contains("/api@"));
    // Without `repository` the image tells its own.
    let story = |image: &str| {
        let mut story = pair().input("repository", "").input("image-tag", "");
        story = story.input("image", image);
        story
    };
    let told = succeeds(story(&format!("{HOST}/api:v2"))).await;
    assert!(images_of(&told)[0].contains("/api@") && images_of(&told)[1].ends_with("/proxy:v1"));
    refused(
        story("ghcr.io/acme/api:v2"),
        &["2 containers", "`container-name`", "`app`, `proxy`"],
    )
    .await;
    let told = succeeds(
        pair()
            .input("image-tag", "")
            .input("images", &format!("app={HOST}/api:v2\nproxy={HOST}/api:v2")),
    )
    .await;
    assert!(
        images_of(&told)
            .iter()
            .all(|image| image.contains("/api@sha256:"))
    );
}

/// A push asks for it first; the pushes themselves need an engine.
#[tokio::test(start_paused = true)]
async fn a_login_for_the_registry_is_read_whole() {
    let login = Story::new(|_| {}).clients().registry_login().await.unwrap();
    assert_eq!(login.username, "AWS");
    assert_eq!(login.password.expose(), "stand-in-password");
    let host = "https://111122223333.dkr.ecr.eu-west-1.amazonaws.com";
    assert_eq!(login.endpoint, host);
}
