//! What becomes of the interim answers of an origin (RFC 9110 §15.2)?
//!
//! A 100 opens the gate that holds the client's body back, and hyper tells the client. Every other one is passed on to a
//! client of HTTP/1.1; one of HTTP/1.0 knows none, and to one of HTTP/2 the library has no way to send any.

use std::sync::Arc;

use http::{Request, StatusCode};

use super::{body::Body, fields, forward::Exchange, gate::Keeper, session::today, verbatim::Heads};
use crate::{
    exchange::{ResponseHead, Version},
    intercept::Outcome,
};

/// Waits for interim answers to a request. `heads` tells them as they came.
pub fn watch(request: &mut Request<Body>, exchange: &Arc<Exchange>, heads: Option<Heads>, keeper: Option<Keeper>) {
    let exchange = Arc::clone(exchange);
    hyper::ext::on_informational(request, move |informational| {
        let head = heads.as_ref().and_then(Heads::interim);
        if informational.status() == StatusCode::CONTINUE {
            if let Some(keeper) = &keeper {
                keeper.open();
            }
        } else if let Some(head) = head {
            pass_on(&exchange, &head);
        }
    });
}

fn pass_on(exchange: &Exchange, head: &ResponseHead) {
    let (Some(tape), Ok(status)) = (&exchange.session.tape, StatusCode::from_u16(head.status)) else { return };
    if exchange.received.version != Version::Http11 {
        return;
    }
    let judgement = exchange.judges.interceptor.response(&exchange.context, &exchange.received, head, today());
    exchange.account.found(judgement.findings);
    exchange.account.acted(judgement.actions);
    let judged = match judgement.outcome {
        Outcome::Unchanged => head.fields.clone(),
        Outcome::Edited(fields) => fields,
        Outcome::Blocked(_) => return,
    };
    let mut passed = fields::inbound(&judged, Version::Http11, fields::Switching::No);
    passed.retain(|field| !field.is("content-length") && !field.is("transfer-encoding"));
    tape.precede_with(status, &head.reason, &passed);
}
