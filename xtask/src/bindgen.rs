//! What a browser loads, out of what Cargo built: the module and its JavaScript.
//!
//! Called by scripts/web. Does what wasm-bindgen's own program does with
//! `--target web`, in a fraction of the time that building that takes.

use std::path::Path;

use wasm_bindgen_cli_support::Bindgen;

use super::Failure;

/// Writes `core_bg.wasm`, `core.js` and `core.d.ts` into `out`.
pub(super) fn run(module: &Path, out: &Path) -> Result<(), Failure> {
    let made = Bindgen::new().input_path(module).web(true).and_then(|bindgen| {
        // The script says where the module lies: Vite gives it a name with a hash.
        bindgen
            .out_name("core")
            .typescript(true)
            .omit_default_module_path(true)
            .remove_name_section(true)
            .remove_producers_section(true)
            .generate(out)
    });
    made.map_err(|error| Failure::source(module, format!("{error:#}")))
}
