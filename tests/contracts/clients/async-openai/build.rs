//! The version of the client is said once, in Cargo.toml.
fn main() {
    let manifest = std::fs::read_to_string("Cargo.toml").expect("Cargo.toml");
    let version = manifest
        .split_once("async-openai = { version = \"=")
        .and_then(|(_, rest)| rest.split_once('"'))
        .expect("a pinned version of async-openai")
        .0;
    println!("cargo:rustc-env=CLIENT_VERSION={version}");
    println!("cargo:rerun-if-changed=Cargo.toml");
}
