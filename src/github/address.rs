//! Where what was deployed can be visited: at the load balancer in front of a service.
//!
//! Every read of it is optional; what can't be read is no address.

use std::time::Duration;

use crate::aws::Aws;
use crate::report::Report;

/// Four small reads; the run is over, and somebody waits for its end.
const MOST: Duration = Duration::from_secs(2);

/// The first address of the run's services, in their order.
pub(super) async fn of(aws: &Aws, report: &Report) -> Option<String> {
    let looked = async {
        for service in &report.services {
            let names = [service.service.as_str()];
            let found = aws.services(&service.cluster, &names).await.ok()?.found;
            let groups = found.iter().flat_map(|one| &one.load_balancers);
            for group in groups.filter_map(|one| one.target_group.as_deref()) {
                match aws.address(group).await {
                    Ok(None) => {}
                    Ok(address) => return address,
                    Err(error) => {
                        tracing::debug!(%error, "no address");
                        return None;
                    }
                }
            }
        }
        None
    };
    tokio::time::timeout(MOST, looked).await.ok().flatten()
}
