//! Image references: what is read is what stands there, and says the same when it is printed.

use plimsoll::image::reference::{DOCKER_HUB, Digest, ImageRef, check_tag};

/// A reference that is read is made of parts of its text, and is printed so that it is read as the
/// same again, also in full; what is derived from it differs in that alone.
pub(crate) fn holds(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(image) = text.parse::<ImageRef>() else {
        return;
    };
    let read = |text: &str| text.parse::<ImageRef>();
    assert_eq!(read(&image.to_string()), Ok(image.clone()));
    assert_eq!(read(&full(&image)), Ok(image.clone()));
    assert!(ways_to_write(&image).contains(&text.into_owned()));
    parts_are_sound(&image);

    let repository = image.repository();
    assert!(repository.is_same_repository(&image) && image.is_same_repository(&repository));
    assert_eq!((repository.tag(), repository.digest()), (None, None));
    let tagged = image.with_tag("v1").expect("a sound tag");
    assert_eq!((tagged.tag(), tagged.digest()), (Some("v1"), None));
    assert_eq!(tagged.repository(), repository);
    let digest: Digest = format!("sha256:{}", "0a".repeat(32)).parse().unwrap();
    let pinned = image.pinned(&digest);
    assert_eq!((pinned.tag(), pinned.digest()), (None, Some(&digest)));
    assert_eq!(pinned.repository(), repository);
}

fn parts_are_sound(image: &ImageRef) {
    assert!(!image.registry().is_empty() && !image.registry().contains('/'));
    assert!(image.registry().len() + 1 + image.path().len() <= 255);
    for part in image.path().split('/') {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        assert!(part.starts_with(plain) && part.ends_with(plain), "{part:?}");
        assert!(
            part.chars().all(|c| plain(c) || "._-".contains(c)),
            "{part:?}"
        );
    }
    assert!(image.tag().is_none_or(|tag| check_tag(tag).is_ok()));
    if let Some(ecr) = image.ecr() {
        assert!(
            image
                .registry()
                .starts_with(&format!("{}.dkr", ecr.account))
        );
        assert!(image.registry().contains(&format!(".{}.", ecr.region)));
    }
}

fn full(image: &ImageRef) -> String {
    format!("{}/{}{}", image.registry(), image.path(), end(image))
}

fn end(image: &ImageRef) -> String {
    let tag = image.tag().map(|tag| format!(":{tag}"));
    let digest = image.digest().map(|digest| format!("@{digest}"));
    tag.unwrap_or_default() + &digest.unwrap_or_default()
}

/// All texts that mean `image`: Docker Hub may be left out, and so may its `library`.
fn ways_to_write(image: &ImageRef) -> Vec<String> {
    let mut ways = vec![full(image)];
    if image.registry() == DOCKER_HUB {
        let short = image.path().strip_prefix("library/");
        for path in [Some(image.path()), short].into_iter().flatten() {
            for host in ["", "docker.io/", "index.docker.io/"] {
                ways.push(format!("{host}{path}{}", end(image)));
            }
        }
    }
    ways
}
