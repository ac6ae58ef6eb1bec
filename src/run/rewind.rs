//! `rewind`: a node that has diverged, made a standby again with `pg_rewind`.

use std::time::Duration;

use super::scene::Scene;
use super::standby::auto_conf;
use super::work::Work;
use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::rewind::Rewind;
use crate::action::upstream::Upstream;
use crate::engine::ContainerState;
use crate::failure::Failure;
use crate::name::NodeName;
use crate::server::{command, position};
use crate::wait::Probe;

const REWIND: &str = concat!(
    include_str!("../../images/node/apart.sh"),
    include_str!("../../images/node/rewind.sh")
);

impl Act for Rewind {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        let Self(wanted) = self;
        let Upstream { node, upstream, .. } = wanted;
        if scene.container(node).await?.state == ContainerState::Running {
            let why = format!(
                "`{node}` is running: `pg_rewind` needs a stopped server, so `stop` it first"
            );
            return Err(Wrong::failed(why));
        }
        scene.can_stream(step, wanted).await?;
        scene.allow_rewind(step, upstream).await?;
        let plan = &scene.lab.plan;
        // `pg_rewind` connects to a database.
        scene.let_into_database(step, upstream, node).await?;
        let source = format!(
            "host={upstream} user={} dbname={} passfile={}{}",
            plan.replication_user.name,
            plan.database,
            command::PASSFILE,
            command::tls_options(plan.tls)
        );
        let apart = scene.tablespaces_apart(upstream).await?.into_iter();
        let first = [source]
            .into_iter()
            .chain(scene.timeline_of(upstream).await);
        let arguments = first.chain(apart.map(|it| it.location)).collect();
        let work = Work {
            node,
            act: format!("rewinding `{node}` to `{upstream}`"),
            script: REWIND,
            arguments,
            auto_conf: Some(auto_conf(&scene.standby_settings(wanted).await?)),
            within: scene.patience(step).max(Duration::from_secs(60)),
        };
        let log = scene.work(work).await.map_err(|wrong| match wrong {
            Wrong::Failed(why) => Wrong::Failed(with_hint(why, node)),
            wrong => wrong,
        });
        let log = log.map_err(|why| scene.told_apart(why, node, upstream))?;
        scene.start(step, std::slice::from_ref(node)).await?;
        scene.is_rewound(node, upstream).await?;
        Ok(rewound(&log, upstream))
    }
}

impl Scene<'_> {
    /// Fails if the rewound node is still apart from its upstream. `pg_rewind` compares the numbers of timelines: two servers
    /// that were promoted apart have the same one, and it finds nothing to do.
    async fn is_rewound(&self, node: &NodeName, upstream: &NodeName) -> Tried<()> {
        // A server that allows no connections cannot be asked.
        let Ok(Some(parting)) = self.parting(node, upstream).await else {
            return Ok(());
        };
        let lab = &self.lab.plan.lab;
        let told = parting.told(node.as_str(), upstream.as_str());
        let hint = format!(
            "`pg_rewind` cannot take `{node}` back; `lab reclone {lab} {node} {upstream}` copies everything anew"
        );
        Err(Wrong::Failed(Failure::seen(told).with_hint(hint)))
    }

    /// Grants the replication user the functions that `pg_rewind` calls on the source, which are otherwise for superusers
    /// (manual: "`pg_rewind`"). A standby takes no GRANT, so the GRANT runs on its primary and is awaited on the standby.
    async fn allow_rewind(&self, step: &Step, source: &NodeName) -> Tried<()> {
        let within = self.patience(step);
        let expected =
            || format!("the primary of `{source}`, because `pg_rewind` needs a GRANT there");
        let primary = self
            .wait(within, expected, || async {
                match self.primary_of(source).await {
                    Ok(primary) => Ok(Probe::Ready(primary)),
                    Err(Wrong::Unmet { found, .. }) => Ok(Probe::NotYet(found)),
                    Err(wrong) => Err(wrong),
                }
            })
            .await?;
        let grants = format!(
            "GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text, boolean, boolean), pg_catalog.pg_stat_file(text, boolean), \
             pg_catalog.pg_read_binary_file(text), pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean) TO {}",
            self.lab.plan.replication_user.name
        );
        let client = self.client(&primary).await?;
        client.batch_execute(&grants).await?;
        // Up to PostgreSQL 15 `pg_rewind` reads the timeline from the control file, which has a new one only after a
        // checkpoint. Without the checkpoint it would find nothing to do.
        client.batch_execute("CHECKPOINT").await?;
        if primary == *source {
            return Ok(());
        }
        let written = self.written_by(&primary).await?;
        let expected = || format!("`{source}` has replayed the GRANT that `pg_rewind` needs");
        self.wait(within, expected, || async {
            let at = position::replayed(&*self.client(source).await?).await?;
            Ok(if at >= Some(written) {
                Probe::Ready(())
            } else {
                Probe::NotYet(format!("it has not replayed {written} yet"))
            })
        })
        .await?;
        // A standby makes restartpoints only at checkpoints of its primary.
        let client = self.client(source).await?;
        client.batch_execute("CHECKPOINT").await?;
        Ok(())
    }
}

/// The outcome: the point of divergence, and the new upstream.
fn rewound(log: &str, upstream: &NodeName) -> String {
    let said = |words: &str| log.lines().rfind(|line| line.contains(words));
    let parted = said("servers diverged at ").or_else(|| said("no rewind required"));
    let parted = parted.map_or("", |line| line.trim_start_matches("pg_rewind: "));
    match parted {
        "" => format!("follows {upstream}"),
        parted => format!("{parted}; follows {upstream}"),
    }
}

/// A failure, with a hint if `reclone` can do what `pg_rewind` cannot.
fn with_hint(why: Failure, node: &NodeName) -> Failure {
    if why.contains("an earlier pg_rewind was killed") {
        return why.with_hint(format!(
            "what a killed `pg_rewind` leaves may be neither the old data nor the new: `reclone` `{node}`"
        ));
    }
    if why.contains("could not open file") && why.contains("/pg_wal/") {
        return why.with_hint(format!(
            "`{node}` has let go of the log since the two parted: `wal_keep_size: 64MB` in its `conf` keeps it, \
             and `reclone` needs none"
        ));
    }
    if why.contains("file \"pg_tblspc/") && why.contains("is of different type") {
        return why.with_hint(
            "`pg_rewind` of PostgreSQL 15 cannot copy tablespaces in place (`allow_in_place_tablespaces`): `reclone` can",
        );
    }
    why
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_a_node_is_told_in_the_tools_words() {
        let upstream = NodeName::new("replica").expect("a name");
        let log = "pg_rewind: servers diverged at WAL location 0/3000148 on timeline 1\n\
                   pg_rewind: rewinding from last common checkpoint at 0/3000060 on timeline 1\n\
                   pg_rewind: Done!\n";
        assert_eq!(
            rewound(log, &upstream),
            "servers diverged at WAL location 0/3000148 on timeline 1; follows replica"
        );
        let none = "pg_rewind: source and target cluster are on the same timeline\n\
                    pg_rewind: no rewind required\n";
        assert_eq!(
            rewound(none, &upstream),
            "no rewind required; follows replica"
        );
        assert_eq!(rewound("", &upstream), "follows replica");
    }

    #[test]
    fn log_that_is_gone_is_told_with_what_would_have_kept_it() {
        let node = NodeName::new("leaf").expect("a name");
        let why = "pg_rewind: error: could not open file \"/d/pgdata/pg_wal/000000010000000000000003\": No such file";
        let told = with_hint(Failure::seen(why), &node);
        let hint = told.hint.expect("a hint");
        assert!(hint.starts_with("`leaf` has let go"), "{hint}");
        assert_eq!(with_hint(Failure::seen("refused"), &node).hint, None);
        let why =
            "pg_rewind: error: file \"pg_tblspc/16386\" is of different type in source and target";
        let told = with_hint(Failure::seen(why), &node);
        assert!(told.hint.is_some_and(|hint| hint.contains("`reclone`")));
    }
}
