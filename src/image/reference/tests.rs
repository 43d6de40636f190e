use super::{Digest, EcrHost, ImageRef};
use proptest::prelude::*;

const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn check(text: &str, registry: &str, path: &str, tag: Option<&str>, printed: &str) {
    let image: ImageRef = text
        .parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(
        (image.registry(), image.path(), image.tag()),
        (registry, path, tag),
        "{text}"
    );
    assert_eq!(image.to_string(), printed, "{text}");
    assert_eq!(printed.parse::<ImageRef>().unwrap(), image, "{text}");
}

#[test]
fn reads_registry_path_tag_and_digest() {
    let hub = "docker.io";
    check("nginx", hub, "library/nginx", None, "nginx");
    check(
        "nginx:1.27",
        hub,
        "library/nginx",
        Some("1.27"),
        "nginx:1.27",
    );
    check("docker.io/nginx", hub, "library/nginx", None, "nginx");
    check(
        "index.docker.io/team/api",
        hub,
        "team/api",
        None,
        "team/api",
    );
    check("team/api:v1", hub, "team/api", Some("v1"), "team/api:v1");
    check(
        "docker.io/a.b/api",
        hub,
        "a.b/api",
        None,
        "docker.io/a.b/api",
    );
    check("localhost/api", "localhost", "api", None, "localhost/api");
    check(
        "localhost:5000/api:2",
        "localhost:5000",
        "api",
        Some("2"),
        "localhost:5000/api:2",
    );
    check(
        "[::1]:5000/api",
        "[::1]:5000",
        "api",
        None,
        "[::1]:5000/api",
    );
    check(
        "r.example/a_b/c__d/e-f--g.h",
        "r.example",
        "a_b/c__d/e-f--g.h",
        None,
        "r.example/a_b/c__d/e-f--g.h",
    );
    check(
        "UPPER/api:T_1.x-",
        "UPPER",
        "api",
        Some("T_1.x-"),
        "UPPER/api:T_1.x-",
    );
    let ecr = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
    let both = format!("{ecr}/team/api:v1@sha256:{HEX}");
    check(&both, ecr, "team/api", Some("v1"), &both);
    let digest_only = format!("127.0.0.1:5000/api@sha256:{HEX}");
    check(&digest_only, "127.0.0.1:5000", "api", None, &digest_only);
    let pinned = both.parse::<ImageRef>().unwrap();
    let digest: Digest = format!("sha256:{HEX}").parse().unwrap();
    assert_eq!(pinned.digest(), Some(&digest));
    assert_eq!(
        pinned.pinned(&digest).to_string(),
        format!("{ecr}/team/api@sha256:{HEX}")
    );
}

#[test]
fn refuses_what_is_no_reference() {
    let long_tag = format!("api:{}", "t".repeat(129));
    let long_name = format!("r.example/{}", "n".repeat(250));
    let short_digest = format!("api@sha256:{}", &HEX[1..]);
    let upper_digest = format!("api@sha256:{}", HEX.to_uppercase());
    for text in [
        "",
        "API",
        "team/Api",
        "a//b",
        "/a",
        "a/",
        "-a",
        "a-",
        "a..b",
        "a___b",
        "a b",
        "api:",
        "api:-x",
        "api:a/b:c",
        "api@",
        "api@sha256:",
        "r.example:port/api",
        "r.example:99999/api",
        "https://r.example/api",
        "[::g]/api",
        ":5000/api",
        "nginx:täg",
        "näh",
        &long_tag,
        &long_name,
        &short_digest,
        &upper_digest,
    ] {
        assert!(text.parse::<ImageRef>().is_err(), "{text}");
    }
}

#[test]
fn knows_ecr_by_its_host() {
    let check = |host: &str, expected: Option<(&str, &str, bool)>| {
        let expected = expected.map(|(account, region, fips)| EcrHost {
            account: account.to_owned(),
            region: region.to_owned(),
            fips,
        });
        assert_eq!(EcrHost::parse(host), expected, "{host}");
    };
    let account = "123456789012";
    check(
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
        Some((account, "eu-central-1", false)),
    );
    check(
        "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
        Some((account, "us-gov-west-1", true)),
    );
    check(
        "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
        Some((account, "cn-north-1", false)),
    );
    check(
        "123456789012.dkr-ecr.us-east-1.on.aws",
        Some((account, "us-east-1", false)),
    );
    check("12345678901.dkr.ecr.us-east-1.amazonaws.com", None);
    check("123456789012.dkr.ecr.us-east-1.example.com", None);
    check(
        "123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.example",
        None,
    );
    check("public.ecr.aws", None);
    check("127.0.0.1:5000", None);
}

proptest! {
    #[test]
    fn parts_come_back(
        host in "[a-z]{1,8}\\.[a-z]{2,3}(:[1-9][0-9]{0,3})?",
        path in "[a-z0-9]{1,5}((\\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}(/[a-z0-9]{1,5}){0,2}",
        tag in proptest::option::of("[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}"),
    ) {
        let text = match &tag {
            Some(tag) => format!("{host}/{path}:{tag}"),
            None => format!("{host}/{path}"),
        };
        let image: ImageRef = text.parse().unwrap();
        if host != "docker.io" {
            prop_assert_eq!(image.to_string(), text);
            prop_assert_eq!((image.registry(), image.path(), image.tag()), (&*host, &*path, tag.as_deref()));
        }
    }
}

#[test]
fn a_registry_of_ecr_has_several_names() {
    let same = |one: &str, other: &str| {
        let parsed = |text: &str| text.parse::<ImageRef>().unwrap();
        parsed(one).is_same_repository(&parsed(other))
    };
    let plain = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
    for host in [
        plain,
        "111122223333.dkr.ecr-fips.eu-west-1.amazonaws.com",
        "111122223333.dkr-ecr.eu-west-1.on.aws",
        "111122223333.dkr-ecr-fips.eu-west-1.on.aws",
    ] {
        assert!(same(
            &format!("{plain}/team/api"),
            &format!("{host}/team/api:v1")
        ));
        assert!(!same(
            &format!("{plain}/team/api"),
            &format!("{host}/team/web")
        ));
    }
    for other in [
        "444455556666.dkr-ecr.eu-west-1.on.aws/api",
        "111122223333.dkr-ecr.eu-west-2.on.aws/api",
        "ghcr.io/api",
    ] {
        assert!(!same(&format!("{plain}/api"), other), "{other}");
    }
    assert!(same("127.0.0.1:5000/api:v1", "127.0.0.1:5000/api:v2"));
    assert!(!same("127.0.0.1:5000/api", "127.0.0.1:5001/api"));
}
