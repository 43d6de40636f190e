//! Where ids come from: one seeded generator, so that a world run twice looks the same.
//!
//! Nothing here is random in earnest, and nothing here reads a clock.

/// A seeded generator (splitmix64): small, and good enough to tell things apart.
#[derive(Clone, Debug)]
pub(crate) struct Ids(u64);

impl Ids {
    pub(crate) fn seeded(seed: u64) -> Ids {
        Ids(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 32 hexadecimal digits: the id of a task or of a container instance.
    pub(crate) fn hex32(&mut self) -> String {
        format!("{:016x}{:016x}", self.next(), self.next())
    }

    /// 19 digits: the number of a deployment, as in `ecs-svc/1234567890123456789`.
    pub(crate) fn digits19(&mut self) -> String {
        format!(
            "{}",
            1_000_000_000_000_000_000 + self.next() % 8_000_000_000_000_000_000
        )
    }

    /// 17 hexadecimal digits after `prefix`: ids of EC2's kind.
    pub(crate) fn ec2(&mut self, prefix: &str) -> String {
        format!("{prefix}-0{:016x}", self.next())
    }

    /// A UUID's shape: events, requests.
    pub(crate) fn uuid(&mut self) -> String {
        let hex = self.hex32();
        format!(
            "{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        )
    }
}
