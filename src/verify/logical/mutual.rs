//! Subscriptions in both directions: a change must not return to its origin.

use crate::failure::Failure;
use crate::plan::{PlannedNode, PlannedSubscription};
use crate::server::subscriptions;
use crate::text::count;
use crate::verify::{Check, Prover, check, edge};

impl Prover<'_> {
    /// Number of apply errors of a subscription. PostgreSQL has the counter since version 15.
    pub(in crate::verify) async fn apply_errors(
        &self,
        node: &PlannedNode,
        subscription: &PlannedSubscription,
    ) -> Result<i64, Failure> {
        let found = subscriptions::subscriptions(self.client(&node.name)?).await;
        let found = found?;
        let name = subscription.name.as_str();
        let errors = subscriptions::named(&found, name).and_then(|found| found.apply_errors);
        errors.ok_or_else(|| {
            let seen = format!("`{}` does not count the errors of `{name}`", node.name);
            Failure::seen(seen)
        })
    }

    /// Checks that a subscription has received everything that its publisher logged so far, without an apply error since
    /// `before`. A change that returned to its origin would fail there on its own key.
    pub(in crate::verify) async fn no_return(
        &self,
        node: &PlannedNode,
        subscription: &PlannedSubscription,
        before: &Result<i64, Failure>,
    ) -> Check {
        let name = format!(
            "{} => {} ({}): changes do not return to their origin",
            subscription.upstream, node.name, subscription.name
        );
        let looked = async {
            let before = before.clone()?;
            let publisher = self.lab.plan.primary_of(&subscription.upstream);
            let (lsn, _) = edge::now(self.client(publisher)?).await?;
            self.applied(node, subscription, lsn).await?;
            let failed = self.apply_errors(node, subscription).await? - before;
            if failed > 0 {
                let seen = format!("applying failed {}", count(failed, "time"));
                return Err(self
                    .with_reason(node, subscription, Failure::seen(seen))
                    .await);
            }
            Ok(format!("everything up to {lsn} applied, none failed"))
        };
        check(name, looked).await
    }
}
