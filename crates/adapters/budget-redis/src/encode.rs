//! A visit as the script's arguments, and its answer.

use quantflow_budget_shared::{Answer, BOUNDED, EVEN, LEASE, POLL, StoreError, Visit};
use quantflow_wire::Purpose;
use redis::{FromRedisValue, ScriptInvocation, Value};

/// Hands over, in the order in which the script reads.
pub(crate) fn encode(call: &mut ScriptInvocation<'_>, visit: &Visit, given: Option<i64>) {
    call.arg(EVEN).arg(LEASE).arg(POLL).arg(BOUNDED);
    call.arg(given.map_or(String::new(), |now| now.to_string()));
    call.arg(visit.lane.index());
    // as text: a number of Lua would round it
    call.arg(visit.member.to_string());
    call.arg(visit.known).arg(visit.stay_away.unwrap_or(-1));
    call.arg(visit.terms.len());
    for term in &visit.terms {
        call.arg(&term.bucket).arg(term.amount).arg(term.window);
        call.arg(u8::from(term.weighted));
    }
    call.arg(visit.returned.len());
    for back in &visit.returned {
        call.arg(back.at).arg(back.weight);
    }
    call.arg(visit.raised.len());
    for raise in &visit.raised {
        call.arg(&raise.bucket).arg(raise.sent).arg(raise.used);
    }
    call.arg(u8::from(visit.asking.is_some()));
    if let Some(asking) = &visit.asking {
        call.arg(asking.waiting).arg(asking.asks.len());
        for ask in &asking.asks {
            call.arg(urgency(ask.purpose)).arg(ask.waited);
            call.arg(ask.patience).arg(ask.weight);
        }
    }
}

/// Smaller is more urgent.
fn urgency(purpose: Purpose) -> u8 {
    match purpose {
        Purpose::Live => 0,
        Purpose::Repair => 1,
        Purpose::Interactive => 2,
        Purpose::Backfill => 3,
    }
}

/// What the script returns, in its order.
type Told = (i64, usize, u8, u8, i64, u32, i64, Vec<i64>, Vec<u32>);

/// Reads the script's answer.
pub(crate) fn decode(value: Value) -> Result<Answer, StoreError> {
    let told = Told::from_redis_value(value)
        .map_err(|error| StoreError::Refused(format!("the budget's script: {error}")))?;
    let (now, granted, claimed, lost, stay_away, waiting_elsewhere, next, not_before, used) = told;
    Ok(Answer {
        now,
        granted,
        claimed: claimed == 1,
        lost: lost == 1,
        stay_away,
        waiting_elsewhere,
        next,
        not_before,
        used,
    })
}
