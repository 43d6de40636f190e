//! How many tasks with a network interface of their own an instance can take, by its type.
//!
//! A table of AWS's, kept as data; it decides nothing. What was read live goes before it.

use std::collections::BTreeMap;

/// Without trunking, with trunking, and the types that have these limits.
///
/// From the table "Supported instances for increased container network interfaces" of AWS's
/// documentation of 2023.
const TRUNKED: &[(u32, u32, &str)] = &[
    (
        1,
        4,
        "m6g.medium m6gd.medium m7g.medium c6g.medium c6gd.medium c6gn.medium c7g.medium \
         r6g.medium r6gd.medium r7g.medium is4gen.medium",
    ),
    (1, 10, "a1.medium x2gd.medium"),
    (1, 12, "g4ad.xlarge g4ad.2xlarge"),
    (1, 120, "hpc6a.48xlarge hpc6id.32xlarge"),
    (
        2,
        10,
        "a1.large m5.large m5a.large m5ad.large m5d.large m5n.large m6a.large m6g.large \
         m6gd.large m6i.large m6id.large m6idn.large m6in.large m7g.large c5.large \
         c5a.large c5ad.large c5d.large c6a.large c6g.large c6gd.large c6gn.large c6i.large \
         c6id.large c6in.large c7g.large r5.large r5a.large r5ad.large r5d.large r6a.large \
         r6g.large r6gd.large r6i.large r6idn.large r6in.large r6id.large r7g.large \
         x2gd.large im4gn.large is4gen.large",
    ),
    (2, 12, "g4ad.4xlarge"),
    (2, 14, "m5zn.large"),
    (3, 6, "g5.xlarge"),
    (3, 8, "i4i.xlarge"),
    (3, 12, "g4ad.8xlarge"),
    (3, 13, "x2iedn.xlarge"),
    (3, 19, "g5.2xlarge trn1.2xlarge"),
    (
        3,
        20,
        "a1.xlarge m5.xlarge m5a.xlarge m5ad.xlarge m5d.xlarge m5n.xlarge m6a.xlarge \
         m6g.xlarge m6gd.xlarge m6i.xlarge m6id.xlarge m6idn.xlarge m6in.xlarge m7g.xlarge \
         c5.xlarge c5a.xlarge c5ad.xlarge c5d.xlarge c6a.xlarge c6g.xlarge c6gd.xlarge \
         c6gn.xlarge c6i.xlarge c6id.xlarge c6in.xlarge c7g.xlarge r5.xlarge r5a.xlarge \
         r5ad.xlarge r5d.xlarge r6a.xlarge r6g.xlarge r6gd.xlarge r6i.xlarge r6idn.xlarge \
         r6in.xlarge r6id.xlarge r7g.xlarge x2gd.xlarge im4gn.xlarge is4gen.xlarge \
         g5g.xlarge inf2.xlarge",
    ),
    (3, 28, "i4i.2xlarge"),
    (3, 29, "x2iedn.2xlarge"),
    (3, 31, "m5zn.xlarge"),
    (
        3,
        40,
        "a1.2xlarge m5.2xlarge m5a.2xlarge m5ad.2xlarge m5d.2xlarge m5n.2xlarge m6a.2xlarge \
         m6g.2xlarge m6gd.2xlarge m6i.2xlarge m6id.2xlarge m6idn.2xlarge m6in.2xlarge \
         m7g.2xlarge c5.2xlarge c5a.2xlarge c5ad.2xlarge c5d.2xlarge c6a.2xlarge \
         c6g.2xlarge c6gd.2xlarge c6gn.2xlarge c6i.2xlarge c6id.2xlarge c6in.2xlarge \
         c7g.2xlarge r5.2xlarge r5a.2xlarge r5ad.2xlarge r5d.2xlarge r6a.2xlarge \
         r6g.2xlarge r6gd.2xlarge r6i.2xlarge r6idn.2xlarge r6in.2xlarge r6id.2xlarge \
         r7g.2xlarge x2gd.2xlarge im4gn.2xlarge is4gen.2xlarge g5g.2xlarge p3.2xlarge \
         vt1.3xlarge",
    ),
    (3, 64, "m5zn.2xlarge x2iezn.2xlarge"),
    (6, 120, "g5.48xlarge"),
    (7, 12, "mac2.metal u-3tb1.56xlarge g4ad.16xlarge"),
    (7, 40, "g5.4xlarge"),
    (7, 58, "i4i.4xlarge"),
    (
        7,
        60,
        "a1.4xlarge m5.4xlarge m5.8xlarge m5.12xlarge m5a.4xlarge m5a.8xlarge m5a.12xlarge \
         m5ad.4xlarge m5ad.8xlarge m5ad.12xlarge m5d.4xlarge m5d.8xlarge m5d.12xlarge \
         m5n.4xlarge m5n.8xlarge m5n.12xlarge m6a.4xlarge m6g.4xlarge m6g.8xlarge \
         m6g.12xlarge m6gd.4xlarge m6gd.8xlarge m6gd.12xlarge m6i.4xlarge m6id.4xlarge \
         m6idn.4xlarge m6in.4xlarge m7g.4xlarge m7g.8xlarge m7g.12xlarge c5.4xlarge \
         c5.9xlarge c5.12xlarge c5a.4xlarge c5a.8xlarge c5a.12xlarge c5ad.4xlarge \
         c5ad.12xlarge c5d.4xlarge c5d.9xlarge c5d.12xlarge c6a.4xlarge c6g.4xlarge \
         c6g.8xlarge c6g.12xlarge c6gd.4xlarge c6gd.8xlarge c6gd.12xlarge c6gn.4xlarge \
         c6gn.8xlarge c6gn.12xlarge c6i.4xlarge c6id.4xlarge c6in.4xlarge c7g.4xlarge \
         c7g.8xlarge c7g.12xlarge r5.4xlarge r5.12xlarge r5a.4xlarge r5a.8xlarge \
         r5a.12xlarge r5ad.4xlarge r5ad.8xlarge r5ad.12xlarge r5d.4xlarge r5d.8xlarge \
         r5d.12xlarge r6a.4xlarge r6g.4xlarge r6g.8xlarge r6g.12xlarge r6gd.4xlarge \
         r6gd.8xlarge r6gd.12xlarge r6i.4xlarge r6idn.4xlarge r6in.4xlarge r6id.4xlarge \
         r7g.4xlarge r7g.8xlarge r7g.12xlarge x2gd.4xlarge x2gd.8xlarge x2gd.12xlarge \
         x2iedn.4xlarge im4gn.4xlarge im4gn.8xlarge is4gen.4xlarge is4gen.8xlarge \
         g5g.4xlarge g5g.8xlarge p3.8xlarge vt1.6xlarge",
    ),
    (
        7,
        90,
        "m6a.8xlarge m6i.8xlarge m6id.8xlarge m6idn.8xlarge m6in.8xlarge c6a.8xlarge \
         c6i.8xlarge c6id.8xlarge c6in.8xlarge r6a.8xlarge r6i.8xlarge r6idn.8xlarge \
         r6in.8xlarge r6id.8xlarge g5.8xlarge inf2.8xlarge",
    ),
    (7, 98, "m5zn.3xlarge"),
    (7, 118, "i4i.8xlarge"),
    (
        7,
        120,
        "m5zn.6xlarge m6a.12xlarge m6i.12xlarge m6id.12xlarge m6idn.12xlarge m6in.12xlarge \
         c6a.12xlarge c6i.12xlarge c6id.12xlarge c6in.12xlarge r6a.12xlarge r6i.12xlarge \
         r6idn.12xlarge r6in.12xlarge r6id.12xlarge x2iedn.8xlarge x2iezn.4xlarge \
         x2iezn.6xlarge x2iezn.8xlarge g5.16xlarge p3.16xlarge",
    ),
    (
        13,
        120,
        "m6idn.32xlarge m6idn.metal m6in.32xlarge m6in.metal c6in.32xlarge c6in.metal \
         r6idn.32xlarge r6idn.metal r6in.32xlarge r6in.metal",
    ),
    (14, 12, "u-6tb1.56xlarge u-18tb1.metal u-24tb1.metal"),
    (
        14,
        120,
        "m5.16xlarge m5.24xlarge m5a.16xlarge m5a.24xlarge m5ad.16xlarge m5ad.24xlarge \
         m5d.16xlarge m5d.24xlarge m5d.metal m5n.16xlarge m6a.16xlarge m6a.24xlarge \
         m6a.32xlarge m6a.48xlarge m6a.metal m6g.16xlarge m6g.metal m6gd.16xlarge \
         m6gd.metal m6i.16xlarge m6i.24xlarge m6i.32xlarge m6i.metal m6id.16xlarge \
         m6id.24xlarge m6id.32xlarge m6id.metal m6idn.16xlarge m6idn.24xlarge m6in.16xlarge \
         m6in.24xlarge m7g.16xlarge m7g.metal c5.18xlarge c5.24xlarge c5a.16xlarge \
         c5a.24xlarge c5ad.16xlarge c5ad.24xlarge c5d.18xlarge c5d.24xlarge c6a.16xlarge \
         c6a.24xlarge c6a.32xlarge c6a.48xlarge c6a.metal c6g.16xlarge c6g.metal \
         c6gd.16xlarge c6gd.metal c6gn.16xlarge c6i.16xlarge c6i.24xlarge c6i.32xlarge \
         c6i.metal c6id.16xlarge c6id.24xlarge c6id.32xlarge c6id.metal c6in.16xlarge \
         c6in.24xlarge c7g.16xlarge c7g.metal r5.16xlarge r5.24xlarge r5a.16xlarge \
         r5a.24xlarge r5ad.16xlarge r5ad.24xlarge r5b.16xlarge r5d.16xlarge r5d.24xlarge \
         r5dn.16xlarge r6a.16xlarge r6a.24xlarge r6a.32xlarge r6a.48xlarge r6a.metal \
         r6g.16xlarge r6g.metal r6gd.16xlarge r6gd.metal r6i.16xlarge r6i.24xlarge \
         r6i.32xlarge r6i.metal r6idn.16xlarge r6idn.24xlarge r6in.16xlarge r6in.24xlarge \
         r6id.16xlarge r6id.24xlarge r6id.32xlarge r6id.metal r7g.16xlarge r7g.metal \
         x2gd.16xlarge x2gd.metal x2idn.16xlarge x2idn.24xlarge x2idn.32xlarge x2idn.metal \
         x2iedn.16xlarge x2iedn.24xlarge x2iedn.32xlarge x2iedn.metal x2iezn.12xlarge \
         x2iezn.metal im4gn.16xlarge g5.12xlarge g5.24xlarge g5g.16xlarge g5g.metal \
         inf2.24xlarge inf2.48xlarge vt1.24xlarge",
    ),
    (14, 248, "i4i.16xlarge"),
    (14, 498, "i4i.32xlarge i4i.metal"),
    (39, 120, "trn1.32xlarge"),
    (59, 120, "dl1.24xlarge p4d.24xlarge p4de.24xlarge"),
    (79, 242, "trn1n.32xlarge"),
];

/// Types that can't trunk: the network interfaces of the type less the primary one.
///
/// From the table "IP addresses per network interface per instance type" of the EC2 user guide.
const UNTRUNKED: &[(u32, &str)] = &[
    (
        1,
        "t2.nano t2.micro t3.nano t3.micro t3a.nano t3a.micro t3a.small t4g.nano t4g.micro m4.large",
    ),
    (
        2,
        "t2.small t2.medium t2.large t2.xlarge t2.2xlarge t3.small t3.medium t3.large t3a.medium \
         t3a.large t4g.small t4g.medium t4g.large c4.large",
    ),
    (
        3,
        "t3.xlarge t3.2xlarge t3a.xlarge t3a.2xlarge t4g.xlarge t4g.2xlarge m4.xlarge m4.2xlarge \
         c4.xlarge c4.2xlarge",
    ),
    (
        7,
        "m4.4xlarge m4.10xlarge m4.16xlarge c4.4xlarge c4.8xlarge",
    ),
];

/// How many awsvpc tasks one instance type takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EniLimit {
    /// Network interfaces less the primary one.
    pub plain: u32,
    /// With `awsvpcTrunking`; absent where the type can't.
    pub trunked: Option<u32>,
}

/// The limits by instance type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EniLimits {
    by_type: BTreeMap<String, EniLimit>,
}

impl Default for EniLimits {
    /// The tables in the source.
    fn default() -> Self {
        let mut by_type = BTreeMap::new();
        for (plain, types) in UNTRUNKED {
            let limit = EniLimit {
                plain: *plain,
                trunked: None,
            };
            by_type.extend(
                types
                    .split_whitespace()
                    .map(|name| (name.to_owned(), limit)),
            );
        }
        for (plain, trunked, types) in TRUNKED {
            let limit = EniLimit {
                plain: *plain,
                trunked: Some(*trunked),
            };
            by_type.extend(
                types
                    .split_whitespace()
                    .map(|name| (name.to_owned(), limit)),
            );
        }
        EniLimits { by_type }
    }
}

impl EniLimits {
    /// Puts what DescribeInstanceTypes said (`MaximumNetworkInterfaces`, the primary one
    /// included) before the table; the limit with trunking stays the table's.
    pub fn set_interfaces(&mut self, instance_type: &str, interfaces: u32) {
        let plain = interfaces.saturating_sub(1);
        let trunked = self
            .by_type
            .get(instance_type)
            .and_then(|limit| limit.trunked);
        self.by_type
            .insert(instance_type.to_owned(), EniLimit { plain, trunked });
    }

    /// The slots of an instance; absent where the type is not known.
    pub fn slots(&self, instance_type: &str, trunk: bool) -> Option<u32> {
        let limit = self.by_type.get(instance_type)?;
        if trunk {
            limit.trunked
        } else {
            Some(limit.plain)
        }
    }
}
