//! The sizes of tasks that Fargate has. A table of AWS's, kept as data.

/// CPU units, the least and the most memory in MiB, and the step. From the developer guide's
/// table of task sizes; 512 MiB is possible too, like 1024 and 2048, at 256 units.
const SIZES: &[(i64, i64, i64, i64)] = &[
    (256, 1024, 2048, 1024),
    (512, 1024, 4096, 1024),
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16384, 1024),
    (4096, 8192, 30720, 1024),
    (8192, 16384, 61440, 4096),
    (16384, 32768, 122_880, 8192),
];

/// Whether Fargate has a task of this size.
pub fn is_size(cpu: i64, memory: i64) -> bool {
    (cpu, memory) == (256, 512)
        || SIZES.iter().any(|(units, least, most, step)| {
            *units == cpu && (*least..=*most).contains(&memory) && (memory - least) % step == 0
        })
}

/// The smallest size that holds this.
pub fn next_size(cpu: i64, memory: i64) -> Option<(i64, i64)> {
    if cpu <= 256 && memory <= 512 {
        return Some((256, 512));
    }
    SIZES
        .iter()
        .filter(|(units, _, most, _)| cpu <= *units && memory <= *most)
        .find_map(|(units, least, most, step)| {
            let over = (memory - least).max(0);
            let fitting = least + (over + step - 1) / step * step;
            (fitting <= *most).then_some((*units, fitting))
        })
}

#[cfg(test)]
mod tests {
    use super::{is_size, next_size};

    #[test]
    fn sizes_that_exist() {
        for (cpu, memory) in [
            (256, 512),
            (256, 2048),
            (512, 4096),
            (1024, 3072),
            (4096, 30720),
            (8192, 20480),
            (16384, 122_880),
        ] {
            assert!(is_size(cpu, memory), "{cpu} {memory}");
            assert_eq!(next_size(cpu, memory), Some((cpu, memory)));
        }
        for (cpu, memory, next) in [
            (256, 4096, Some((512, 4096))),
            (1024, 1024, Some((1024, 2048))),
            (4096, 30721, Some((8192, 32768))),
            (8192, 17000, Some((8192, 20480))),
            (6144, 16384, Some((8192, 16384))),
            (20000, 512, None),
        ] {
            assert!(!is_size(cpu, memory), "{cpu} {memory}");
            assert_eq!(next_size(cpu, memory), next, "{cpu} {memory}");
        }
    }
}
