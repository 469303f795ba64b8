//! Processor time, middles and percentiles.
//!
//! Called by every measurement. Time comes from the kernel's own books, so that
//! a busy machine makes the waits longer but not, by much, the work.

use std::path::Path;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::failure::Failure;

/// What the kernel counts in `/proc/PID/stat`: hundredths of a second, on every Linux that we build for.
const TICK: Duration = Duration::from_millis(10);

/// Processor time of a process, its ended threads too; to a hundredth of a second.
pub(crate) fn process_cpu(process: u32) -> Result<Duration, Failure> {
    let (user, kernel) = ticks(&format!("/proc/{process}/stat"))?;
    Ok(user + kernel)
}

/// Processor time of this thread in user space and in the kernel; to a hundredth of a second.
pub(crate) fn thread_split() -> Result<(Duration, Duration), Failure> {
    ticks("/proc/thread-self/stat")
}

/// Processor time by this clock, exactly; asking takes less than a microsecond.
fn cpu(clock: ClockId) -> Duration {
    Duration::try_from(clock_gettime(clock)).unwrap_or_default()
}

/// What `work` gave, and the processor time that it took in this thread and in those that helped it.
///
/// The MLS library shares large Commits and joins out to a pool of threads.
pub(crate) fn cpu_of<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<(T, Duration), Failure>
where
    Failure: From<E>,
{
    let before = cpu(ClockId::ProcessCPUTime);
    let done = work()?;
    Ok((done, cpu(ClockId::ProcessCPUTime).saturating_sub(before)))
}

/// The same of this thread alone, where others have work of their own.
pub(crate) fn thread_cpu_of<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<(T, Duration), Failure>
where
    Failure: From<E>,
{
    let before = cpu(ClockId::ThreadCPUTime);
    let done = work()?;
    Ok((done, cpu(ClockId::ThreadCPUTime).saturating_sub(before)))
}

/// The one in the middle; zero of nothing.
pub(crate) fn median<T: Copy + PartialOrd + Default>(values: &[T]) -> T {
    percentile(values, 50)
}

/// The smallest value that at least `of_hundred` of a hundred do not exceed; zero of nothing.
pub(crate) fn percentile<T: Copy + PartialOrd + Default>(values: &[T], of_hundred: usize) -> T {
    let mut sorted = values.to_vec();
    sorted.sort_by(|one, other| one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal));
    let place = (sorted.len() * of_hundred).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

fn ticks(path: &str) -> Result<(Duration, Duration), Failure> {
    let books = read(path)?;
    // The name in the second field may hold anything; what follows it does not.
    let (_, fields) = books.rsplit_once(')').ok_or(Failure::Unexpected("stat"))?;
    let mut fields = fields.split_whitespace().skip(11).map_while(|field| field.parse::<u32>().ok());
    match (fields.next(), fields.next()) {
        (Some(user), Some(kernel)) => Ok((TICK * user, TICK * kernel)),
        _ => Err(Failure::Unexpected("stat")),
    }
}

fn read(path: impl AsRef<Path>) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::Disk("the kernel's books", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_an_even_number_is_the_lower_one() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.0);
        assert_eq!(median(&[3, 1, 2]), 2);
        assert_eq!(median::<u32>(&[]), 0);
    }

    #[test]
    fn one_in_a_hundred_lies_above_the_ninety_ninth() {
        let values: Vec<u32> = (1..=200).collect();
        assert_eq!((percentile(&values, 99), percentile(&values, 100)), (198, 200));
    }

    #[test]
    fn work_that_another_thread_does_counts_too() {
        let (ask, asked) = std::sync::mpsc::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            while asked.recv().is_ok() {
                let began = cpu(ClockId::ThreadCPUTime);
                while cpu(ClockId::ThreadCPUTime) - began < Duration::from_millis(50) {}
                tell.send(()).unwrap();
            }
        });
        let ((), cost) = cpu_of(|| {
            ask.send(()).unwrap();
            told.recv().unwrap();
            Ok::<_, Failure>(())
        })
        .unwrap();
        assert!(cost >= Duration::from_millis(45), "{cost:?}");
    }

    #[test]
    fn work_is_counted_and_sleep_is_not() {
        let (_, asleep) = thread_cpu_of(|| {
            std::thread::sleep(Duration::from_millis(60));
            Ok::<_, Failure>(())
        })
        .unwrap();
        let (_, awake) = thread_cpu_of(|| {
            let began = std::time::Instant::now();
            while began.elapsed() < Duration::from_millis(60) {}
            Ok::<_, Failure>(())
        })
        .unwrap();
        assert!(asleep < Duration::from_millis(20), "{asleep:?}");
        assert!(awake > asleep, "{awake:?}");
        let thread = thread_split().unwrap().0;
        assert!(process_cpu(std::process::id()).unwrap() >= thread);
    }
}
