//! How does a cleartext request get to its origin inside TLS?
//!
//! ```text
//! may it? ─ is the site known to offer it? ─ a connection, verified ─ the answer: is it the site? → to the client
//!    │ no          │ no: probe                │ no                   │ sent back, or an error that cleartext lacks
//!    └─────────────┴──────────────────────────┴──────────────────────┴→ in cleartext, and the client notices nothing
//! ```
//! Cleartext is asked only where TLS did not answer well: what is to be kept from whoever stands on the way is not shown
//! just to compare. A request that may change something is never sent twice; it takes this way only to a site that has
//! shown that it is there.

mod led;
mod memory;
mod probe;

use std::sync::Arc;

use tokio::time::timeout;

use super::{
    fault::{Fault, Stage},
    forward::Exchange,
    gate,
    send::{self, Answered, Attempt},
    session::{Scope, Session},
    upstream::Target,
};
use crate::{
    event::Upgraded,
    exchange::{Origin, Scheme},
    policy::{self, Carries, Heard, Wish},
};
pub use led::Led;
use memory::Record;
pub use memory::Upgrades;

/// The only port on which a site in cleartext has a twin on 443.
const HTTPS: u16 = 443;

/// What a client is to be given.
#[derive(Debug)]
pub enum Outcome {
    /// The origin's answer.
    Answered(Box<Answered>),
    /// A redirection of ours to the site in TLS.
    Led(Box<Led>),
}

/// What the client asked for beside the answer.
#[derive(Clone, Copy, Debug)]
pub struct Wishes {
    /// Another protocol.
    pub switches: bool,
    /// HTTP/2, which another protocol needs there.
    pub needs_http2: bool,
}

/// Sends a request in the best way and gives back the answer.
///
/// # Errors
/// A [`Fault`] when no connection gave an answer.
pub async fn send(
    exchange: &Arc<Exchange>,
    mut attempt: Attempt,
    keeper: Option<gate::Keeper>,
    asked: Wishes,
) -> Result<Outcome, Fault> {
    if !exchange.judges.upgrading.enabled || exchange.context.origin.scheme == Scheme::Https {
        let answered = send::send(exchange, &mut attempt, keeper.as_ref(), asked.needs_http2).await?;
        return Ok(Outcome::Answered(Box::new(answered)));
    }
    let upgrades = &exchange.session.shared().upgrades;
    let way = match inside(exchange, asked.switches) {
        Ok(inside) => {
            let record = upgrades.record(&inside.target);
            let upgrading = Upgrading { exchange, inside, record };
            Box::pin(upgrading.send(&mut attempt, keeper.as_ref())).await?
        }
        Err(reason) => in_cleartext(exchange, &mut attempt, keeper.as_ref(), reason).await?,
    };
    Ok(way)
}

/// The same exchange with the site in TLS, or why there is none.
fn inside(exchange: &Exchange, switches: bool) -> Result<Arc<Exchange>, &'static str> {
    let site = site(exchange);
    let connectivity = exchange.judges.interceptor.connectivity();
    let is_check = connectivity.is_check(&site.host, &exchange.received.target)
        || exchange.judges.interceptor.is_check(&exchange.context, &exchange.received);
    let Target { dialled, port, source, .. } = &exchange.target;
    let wish = Wish { site: &site, dialled, port: *port, switches, is_check };
    if let Some(reason) = exchange.judges.upgrading.declines(&wish) {
        return Err(reason);
    }
    let way = exchange.judges.way(dialled, HTTPS, Carries::Tls);
    let via = way.map_err(|_| "exit-down")?;
    let mut inside = Exchange::clone(exchange);
    let (scheme, name) = (Scheme::Https, site.host.clone());
    let target = Target { scheme, name, dialled: dialled.clone(), port: HTTPS, source: *source, via };
    inside.context.origin = Origin { scheme: Scheme::Https, host: site.host, port: HTTPS };
    inside.target = target;
    // A tunnel's own connection is the one in cleartext.
    inside.session = Arc::new(Session { scope: Scope::Proxy, ..Session::clone(&inside.session) });
    Ok(Arc::new(inside))
}

/// The site as the client names it. Inside a tunnel that is `Host`: whoever is at that address must then prove the name.
fn site(exchange: &Exchange) -> Origin {
    let named = exchange.received.fields.first("host").filter(|_| matches!(exchange.session.scope, Scope::Tunnel(_)));
    let named = named.and_then(|host| Origin::parse(Scheme::Http, host).ok());
    named.unwrap_or_else(|| exchange.context.origin.clone())
}

async fn in_cleartext(
    exchange: &Arc<Exchange>,
    attempt: &mut Attempt,
    keeper: Option<&gate::Keeper>,
    reason: &'static str,
) -> Result<Outcome, Fault> {
    exchange.account.upgraded(Upgraded::No(reason));
    exchange.session.shared().upgrades.count_left(reason);
    let answered = send::send(exchange, attempt, keeper, false).await?;
    Ok(Outcome::Answered(Box::new(answered)))
}

/// One request for a site that may be there in TLS.
struct Upgrading<'a> {
    /// As it was asked.
    exchange: &'a Arc<Exchange>,
    /// As it is to be sent.
    inside: Arc<Exchange>,
    record: Arc<Record>,
}

impl Upgrading<'_> {
    async fn send(&self, attempt: &mut Attempt, keeper: Option<&gate::Keeper>) -> Result<Outcome, Fault> {
        let again = attempt.again();
        if let Some(led) = self.led_at_once() {
            return Ok(led);
        }
        if let Err(reason) = probe::ready(&self.inside, &self.record, again.is_some()).await {
            return self.left(attempt, keeper, reason).await;
        }
        match self.send_inside(attempt, keeper).await {
            Ok(answered) => self.judge(answered, again, keeper).await,
            Err(fault) => {
                let reason = probe::reason(&fault);
                self.record.is_not_there(reason);
                match again {
                    // Nothing of it was sent.
                    _ if attempt.body.is_some() => self.left(attempt, keeper, reason).await,
                    Some(mut again) => self.left(&mut again, keeper, reason).await,
                    None => Err(fault),
                }
            }
        }
    }

    /// A site that has not answered yet has a short time to do so.
    async fn send_inside(&self, attempt: &mut Attempt, keeper: Option<&gate::Keeper>) -> Result<Answered, Fault> {
        let limit = self.exchange.judges.upgrading.probe;
        let sent = Box::pin(send::send(&self.inside, attempt, keeper, false));
        if self.record.is_proven() {
            return sent.await;
        }
        let late = |_elapsed| Err(Fault::timeout(Stage::Exchange, "the origin did not answer in time"));
        timeout(limit, sent).await.unwrap_or_else(late)
    }

    async fn judge(
        &self,
        answered: Answered,
        again: Option<Attempt>,
        keeper: Option<&gate::Keeper>,
    ) -> Result<Outcome, Fault> {
        let site = &self.inside.context.origin.host;
        let sent_on = policy::may_circle(site, &self.inside.sent.target, &answered.head) && self.goes_round();
        match (policy::heard(site, &answered.head), again) {
            (Heard::There, Some(mut again)) if sent_on => {
                self.record.is_not_there("circles");
                self.left(&mut again, keeper, "circles").await
            }
            (Heard::SentBack, Some(mut again)) => {
                self.record.is_not_there("redirects-back");
                self.left(&mut again, keeper, "redirects-back").await
            }
            (Heard::Doubtful, Some(again)) if self.record.takes_opinion() => {
                self.compare(answered, again, keeper).await
            }
            (Heard::There, _) => {
                self.record.is_there();
                Ok(self.passed(answered))
            }
            // What may have changed something was done, whatever is thought of the answer.
            (Heard::SentBack | Heard::Doubtful, _) => Ok(self.passed(answered)),
        }
    }

    /// Asks cleartext for a second opinion on an error.
    async fn compare(
        &self,
        answered: Answered,
        mut again: Attempt,
        keeper: Option<&gate::Keeper>,
    ) -> Result<Outcome, Fault> {
        match send::send(self.exchange, &mut again, keeper, false).await {
            Ok(other) if policy::offers_more(&self.inside.context.origin.host, &other.head) => {
                self.record.is_not_there("differs");
                self.exchange.account.upgraded(Upgraded::No("differs"));
                self.exchange.session.shared().upgrades.count_left("differs");
                Ok(Outcome::Answered(Box::new(other)))
            }
            _ => Ok(self.passed(answered)),
        }
    }

    /// The answer that came inside TLS, or where the client would lose something of it, the way there.
    fn passed(&self, answered: Answered) -> Outcome {
        if policy::wants_tls_itself(&self.exchange.received, &answered.head) {
            self.record.wants_tls();
            if let Some(led) = self.led_at_once() {
                return led;
            }
        }
        self.exchange.account.upgraded(Upgraded::Yes);
        self.exchange.session.shared().upgrades.count_sent();
        Outcome::Answered(Box::new(answered))
    }

    /// A client that can go there by itself is sent there, if the site would otherwise not work for it.
    fn led_at_once(&self) -> Option<Outcome> {
        let leads = self.record.leads() && policy::can_be_led(&self.exchange.received);
        if !leads || self.goes_round() {
            return None;
        }
        self.exchange.account.upgraded(Upgraded::Led);
        self.exchange.session.shared().upgrades.count_led();
        Some(Outcome::Led(Box::new(Led::to(&self.inside))))
    }

    fn goes_round(&self) -> bool {
        self.record.goes_round(self.exchange.session.client.address.ip(), &self.exchange.sent)
    }

    /// In cleartext. An answer there confirms that it is not the whole network that is gone.
    async fn left(
        &self,
        attempt: &mut Attempt,
        keeper: Option<&gate::Keeper>,
        reason: &'static str,
    ) -> Result<Outcome, Fault> {
        let way = in_cleartext(self.exchange, attempt, keeper, reason).await?;
        self.record.cleartext_answers();
        Ok(way)
    }
}
