//! What does the live view show of those who keep it elsewhere: what passes unread, and what people were told?

use std::{io, sync::Arc, thread};

use jiff::Timestamp;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::{
    admin::{self, Live, PassedItem},
    alert::{Alert, Alerts},
    policy::{
        HostSet,
        trust::{Forget, Look, Passed, Reason, Standing, State, TrustTable, Who},
    },
    proxy::Judges,
};

/// Which clients trust the authority, and what passes unread for them.
pub struct Unread {
    table: Arc<TrustTable>,
    judges: Box<dyn Fn() -> Arc<Judges> + Send + Sync>,
}

impl Unread {
    /// What this table knows; names and times are those of the running proxy.
    pub fn new(table: Arc<TrustTable>, judges: impl Fn() -> Arc<Judges> + Send + Sync + 'static) -> Self {
        Self { table, judges: Box::new(judges) }
    }

    fn look(&self) -> Look {
        self.table.look((self.judges)().interceptor.trust_times(), Timestamp::now().as_millisecond())
    }

    fn named(&self, who: &Who) -> Option<String> {
        who.named((self.judges)().interceptor.clients()).map(|name| name.to_string())
    }

    fn pinned(&self, passed: &Passed) -> PassedItem {
        let program = passed.program.as_ref().map_or_else(String::new, |program| format!(" (program {program})"));
        PassedItem {
            client: passed.who.to_string(),
            client_name: self.named(&passed.who),
            host: passed.host.clone(),
            reason: passed.reason.as_str().to_owned(),
            words: format!("{}{program}", passed.reason.words()),
            since: time(passed.since),
            last: time(passed.last.unwrap_or(passed.since)),
            count: passed.count,
            expires: passed.expires.map(time),
        }
    }

    fn strange(&self, standing: &Standing) -> PassedItem {
        PassedItem {
            client: standing.who.to_string(),
            client_name: self.named(&standing.who),
            host: None,
            reason: Reason::NotTrusted.as_str().to_owned(),
            words: standing.state.words().to_owned(),
            since: time(standing.since),
            last: time(standing.last),
            count: standing.passed,
            expires: None,
        }
    }
}

impl admin::Passed for Unread {
    fn items(&self) -> Vec<PassedItem> {
        let look = self.look();
        let pinned = self.table.passing(&look).into_iter().filter(|passed| passed.reason != Reason::NotTrusted);
        let mut items: Vec<_> = pinned.map(|passed| self.pinned(&passed)).collect();
        let standings = self.table.standings(&look);
        let strange = standings.iter().filter(|standing| standing.state != State::Trusted && standing.passed > 0);
        items.extend(strange.map(|standing| self.strange(standing)));
        items.sort_by_key(|item| std::cmp::Reverse(item.last));
        items
    }

    fn forget(&self, client: &str, host: Option<&str>) -> usize {
        let Ok(who) = client.parse() else { return 0 };
        // A host that is no pattern forgets nothing rather than everything.
        match host.map(|host| HostSet::parse(&[host])).transpose() {
            Ok(hosts) => self.table.forget(&Forget { who: Some(who), hosts }),
            Err(_) => 0,
        }
    }
}

fn time(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or_default()
}

/// What people were told.
pub struct Told(pub Alerts);

impl admin::Alerts for Told {
    fn recent(&self, limit: usize) -> Vec<admin::Alert> {
        self.0.last(limit).iter().map(|alert| shown(alert)).collect()
    }
}

fn shown(alert: &Alert) -> admin::Alert {
    admin::Alert {
        ts: alert.ts,
        kind: alert.kind.as_str().to_owned(),
        words: alert.words.clone(),
        exchange: alert.exchange.clone(),
    }
}

/// Passes what people are told on to those who watch, until nobody can tell anything any more.
///
/// # Errors
/// No thread can be had.
pub fn pass_on(mut told: Receiver<Arc<Alert>>, live: Live) -> io::Result<()> {
    let passing = move || {
        loop {
            match told.blocking_recv() {
                Ok(alert) => live.alert(&shown(&alert)),
                // Who watches sees the missed ones in the list.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    };
    thread::Builder::new().name("alerts-shown".into()).spawn(passing).map(drop)
}
