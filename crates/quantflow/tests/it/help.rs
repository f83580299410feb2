//! What the binary says of itself.

use crate::done;

#[test]
fn the_help_of_every_command() {
    let folder = tempfile::tempdir().unwrap();
    insta::assert_snapshot!("help", done(folder.path(), &["--help"]));
    for command in [
        &["up"][..],
        &["replay"],
        &["import"],
        &["export"],
        &["candles"],
        &["trades"],
        &["indicators"],
        &["venue", "decode"],
        &["verify"],
        &["rebuild"],
        &["doctor"],
        &["config"],
    ] {
        let mut arguments = command.to_vec();
        arguments.push("--help");
        let name = format!("help-{}", command.join("-"));
        insta::assert_snapshot!(name, done(folder.path(), &arguments));
    }
}

#[test]
fn completions_are_scripts() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = done(folder.path(), &["completions", shell]);
        assert!(
            script.contains("quantflow") && script.contains("rebuild"),
            "{shell}"
        );
    }
}
