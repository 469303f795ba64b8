//! The load program works: a short run of everything against the real server. The browser's part is run by `scripts/page-test`.

use std::path::PathBuf;
use std::process::Command;

/// The server that was built beside this test; built now where a run of this crate alone did not.
fn waxseald() -> PathBuf {
    let beside = PathBuf::from(env!("CARGO_BIN_EXE_waxseal-bench")).with_file_name("waxseald");
    if !beside.is_file() {
        let build = ["build", "--quiet", "-p", "waxseal-server", "--bin", "waxseald"];
        assert!(Command::new(env!("CARGO")).args(build).status().is_ok_and(|status| status.success()));
    }
    beside
}

#[test]
fn a_short_run_measures_everything_and_writes_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.md");
    let mut bench = Command::new(env!("CARGO_BIN_EXE_waxseal-bench"));
    bench.args(["all", "--quick", "--without-browser", "--waxseald"]).arg(waxseald()).arg("--write").arg(&page);
    let ran = bench.output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let page = std::fs::read_to_string(page).unwrap();
    for heading in
        ["Against the budgets", "Delivery of opaque messages", "Real clients", "idle connections", "Seal and open", "Start"]
    {
        assert!(page.contains(heading), "{heading} is missing in\n{page}");
    }
    assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
}
