//! Compiles the published contract, `proto/waxseal.proto`, without protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto/waxseal.proto");
    let files = protox::compile(["proto/waxseal.proto"], ["proto"])?;
    let mut config = prost_build::Config::new();
    config.enable_type_names();
    config.compile_fds(files)?;
    Ok(())
}
