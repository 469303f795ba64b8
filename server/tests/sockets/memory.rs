//! What a silent device costs: DESIGN allows 10 KiB without TLS.

use waxseal_wire::id::Seq;
use waxseal_wire::reply::Reply;

use super::person::{Person, take};
use super::program::{Program, folder};

const SILENT: u64 = 200;

#[tokio::test]
async fn a_proven_silent_device_costs_at_most_10_kib() {
    let (_around, folder) = folder();
    let program = Program::start(&folder, &[]);
    let mut people = Vec::new();
    for number in 0..SILENT + 20 {
        people.push(Person::arrive(&program.address, &format!("person{number}")).await);
    }
    // The first ones pay for what all share.
    let mut connected = Vec::new();
    let mut before = None;
    for (number, person) in (0..).zip(&people) {
        if number == 20 {
            before = program.memory();
        }
        let (mut device, _) = person.connect(&program.address).await;
        assert_eq!(device.ask(take(Seq(0))).await, Reply::Done);
        connected.push(device);
    }
    let (Some(before), Some(after)) = (before, program.memory()) else {
        return;
    };
    let each = after.saturating_sub(before) as f64 / SILENT as f64;
    println!("{each:.1} KiB for a silent device");
    assert!(each <= 10.0, "{each:.1} KiB for a silent device");
}
