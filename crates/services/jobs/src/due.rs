//! When a job is due.

use quantflow_model::Timestamp;
use quantflow_seams::jobs::Schedule;

use crate::cron::{Cron, CronError};

/// A schedule that cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Its expression or zone is not understood.
    #[error("schedule: {0}")]
    Cron(#[from] CronError),
    /// It has no period.
    #[error("schedule: a period of at least 1 ms")]
    NoPeriod,
}

/// When a new job is due first: at once, or when its calendar says so.
///
/// # Errors
/// [`ScheduleError`]: what makes a job asks this before the job has the schedule.
pub fn first_due(schedule: &Schedule, now: Timestamp) -> Result<Timestamp, ScheduleError> {
    match schedule {
        Schedule::Cron { .. } => Ok(next_due(schedule, now)?.unwrap_or(now)),
        Schedule::Every { .. } => next_due(schedule, now).map(|_| now),
        Schedule::Once => Ok(now),
    }
}

/// When it is due after `after`; `None`: not by itself. What was missed (the program was not
/// running) is not made up for one by one: a run catches up from its cursor.
///
/// # Errors
/// [`ScheduleError`].
pub fn next_due(schedule: &Schedule, after: Timestamp) -> Result<Option<Timestamp>, ScheduleError> {
    match schedule {
        Schedule::Once => Ok(None),
        Schedule::Every { period } => {
            let period = i64::try_from(period.as_nanos()).unwrap_or(i64::MAX);
            if period < 1_000_000 {
                return Err(ScheduleError::NoPeriod);
            }
            let begun = after.nanos().div_euclid(period);
            let next = begun.saturating_add(1).saturating_mul(period);
            Ok(Some(Timestamp::from_nanos(next)))
        }
        Schedule::Cron { expression, zone } => Ok(Cron::parse(expression, zone)?.next_after(after)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_period_is_counted_from_the_epoch_and_missed_ones_are_one() {
        let every = Schedule::Every {
            period: Duration::from_mins(1),
        };
        let at = Timestamp::from_seconds;
        for (after, due) in [(0, 60), (59, 60), (60, 120), (100_001, 100_020), (-1, 0)] {
            assert_eq!(next_due(&every, at(after)), Ok(Some(at(due))), "{after}");
        }
        assert_eq!(first_due(&every, at(7)), Ok(at(7)));
        let none = Schedule::Every {
            period: Duration::ZERO,
        };
        assert_eq!(first_due(&none, at(7)), Err(ScheduleError::NoPeriod));
    }

    #[test]
    fn once_is_now_and_never_again_and_a_calendar_is_asked() {
        let at = Timestamp::from_seconds;
        assert_eq!(first_due(&Schedule::Once, at(7)), Ok(at(7)));
        assert_eq!(next_due(&Schedule::Once, at(7)), Ok(None));
        let cron = |expression: &str| Schedule::Cron {
            expression: expression.into(),
            zone: "Asia/Tokyo".into(),
        };
        let nine = at(24 * 3_600);
        assert_eq!(first_due(&cron("0 9 * * *"), at(1)), Ok(nine));
        let error = first_due(&cron("9"), at(1)).unwrap_err();
        assert!(error.to_string().starts_with("schedule: \"9\""), "{error}");
    }
}
