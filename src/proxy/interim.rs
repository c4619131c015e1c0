//! What becomes of the interim answers of an origin (RFC 9110 §15.2)?
//!
//! A 100 opens the gate that holds the client's body back, and hyper tells the client. Every other one is passed on to a
//! client of HTTP/1.1; one of HTTP/1.0 knows none, and to one of HTTP/2 the library has no way to send any.

use std::sync::Arc;

use http::{Request, StatusCode};

use super::{body::Body, fields, forward::Exchange, gate::Keeper, moment::today, verbatim::Ears};
use crate::{
    exchange::{ResponseHead, Version},
    intercept::Outcome,
};

/// Who hears of interim answers to a request of HTTP/1, as they came.
pub fn ears(exchange: &Arc<Exchange>, keeper: Option<&Keeper>) -> Arc<dyn Ears> {
    let exchange = Arc::clone(exchange);
    match keeper {
        None => exchange,
        Some(keeper) => Arc::new(AtTheGate { exchange, keeper: keeper.clone() }),
    }
}

/// Waits for the 100 to a request of HTTP/2; its library tells of no other.
pub fn watch(request: &mut Request<Body>, keeper: Keeper) {
    hyper::ext::on_informational(request, move |informational| {
        if informational.status() == StatusCode::CONTINUE {
            keeper.open();
        }
    });
}

/// A request whose body is held back.
#[derive(Debug)]
struct AtTheGate {
    exchange: Arc<Exchange>,
    keeper: Keeper,
}

impl Ears for AtTheGate {
    fn hear(&self, head: &ResponseHead) {
        if head.status == StatusCode::CONTINUE { self.keeper.open() } else { self.exchange.hear(head) }
    }
}

impl Ears for Exchange {
    fn hear(&self, head: &ResponseHead) {
        if head.status != StatusCode::CONTINUE {
            pass_on(self, head);
        }
    }
}

fn pass_on(exchange: &Exchange, head: &ResponseHead) {
    let (Some(tape), Ok(status)) = (&exchange.session.tape, StatusCode::from_u16(head.status)) else { return };
    if exchange.received.version != Version::Http11 {
        return;
    }
    let judgement = exchange.judges.interceptor.response(&exchange.context, &exchange.received, head, today());
    exchange.account.found(judgement.findings);
    exchange.account.acted(judgement.actions);
    let mut judged = match judgement.outcome {
        Outcome::Unchanged => head.fields.clone(),
        Outcome::Edited(fields) => fields,
        Outcome::Blocked(_) => return,
    };
    judged.retain(|field| !field.is("content-length") && !field.is("transfer-encoding"));
    let lines = fields::inbound(&judged, Version::Http11, fields::Switching::No);
    tape.precede_with(status, &head.reason, &lines);
}
