//! Lists the dashboard's files, so that they are part of the binary.
//!
//! Only `index.html` and what lies under `app/`, `vendor/` and `docs/` of the workspace's `web/` is taken; a folder that
//! is not there (a source package without the dashboard) gives no files and no error.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let web = manifest.join("../../../web");
    let mut files = Vec::new();
    println!("cargo::rerun-if-changed={}", web.display());
    if web.join("index.html").is_file() {
        files.push(("index.html".to_owned(), web.join("index.html")));
    }
    for folder in ["app", "vendor", "docs"] {
        let root = web.join(folder);
        if root.is_dir() {
            println!("cargo::rerun-if-changed={}", root.display());
            collect(&root, folder, &mut files)?;
        }
    }
    files.sort();
    let mut source = String::from("&[\n");
    for (name, path) in &files {
        println!("cargo::rerun-if-changed={}", path.display());
        let path = path.canonicalize()?;
        writeln!(source, "    ({name:?}, include_bytes!({path:?})),").map_err(io::Error::other)?;
    }
    source.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("assets.rs"), source)
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue; // no URL could name it
        };
        if name.starts_with('.') || name == "node_modules" {
            continue;
        }
        let (path, name) = (entry.path(), format!("{prefix}/{name}"));
        if path.is_dir() {
            println!("cargo::rerun-if-changed={}", path.display());
            collect(&path, &name, files)?;
        } else {
            files.push((name, path));
        }
    }
    Ok(())
}
