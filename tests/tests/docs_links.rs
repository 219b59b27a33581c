//! The README is short, its versions are the real ones, and the links of the pages lead somewhere.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use listenfd_tests::{Page, in_repository};

/// The most words that the README may have, as `wc -w` counts them.
const README_WORDS: usize = 1200;

#[test]
fn the_readme_is_short() {
    let words = Page::read("README.md").text.split_whitespace().count();
    assert!(words <= README_WORDS, "{words} words");
}

#[test]
fn each_page_with_rust_code_is_compiled() {
    let compiled = Page::read("tests/src/docs.rs").text;
    for page in Page::of_folder("docs").into_iter().filter(|page| page.text.contains("```rust")) {
        let name = page.path.file_name().unwrap().to_str().unwrap();
        assert!(compiled.contains(&format!("docs/{name}\"")), "{name} is not in tests/src/docs.rs");
    }
}

/// The value of a key in a manifest, quotes left out.
fn value(manifest: &str, key: &str) -> Option<String> {
    let line = manifest.lines().find_map(|line| line.strip_prefix(&format!("{key} = ")))?;
    Some(line.split('"').nth(1)?.to_owned())
}

#[test]
fn versions_are_those_of_the_manifests() {
    let readme = Page::read("README.md").text;
    let workspace = Page::read("Cargo.toml").text;
    for Page { path, text } in Page::of_crates() {
        let manifest = Page::at(path.with_file_name("Cargo.toml")).text;
        let name = value(&manifest, "name").unwrap();
        let rust = value(&manifest, "rust-version").or_else(|| value(&workspace, "rust-version"));
        let rust = rust.unwrap();
        assert!(text.contains(&format!("Rust {rust} or later")), "{name}: {rust}");
        let mut rows = readme.lines().filter(|line| line.starts_with(&format!("| [`{name}`]")));
        assert!(rows.next().unwrap().ends_with(&format!("| {rust} |")), "{name}: {rust}");
    }
    for (framework, version) in
        [("axum", "0.8"), ("actix-web", "4.18"), ("hyper", "1"), ("warp", "0.4")]
    {
        let line =
            workspace.lines().find(|line| line.starts_with(&format!("{framework} = "))).unwrap();
        let needed = line.split('"').nth(1).unwrap();
        assert!(needed.starts_with(version), "{framework} {needed}");
        let shown = format!("| [{framework}](examples/{framework}) {version} |");
        assert!(readme.contains(&shown), "{shown}");
        let guide = Page::read("docs/frameworks.md").text;
        assert!(guide.contains(&format!("| [{framework}](../examples/{framework}) | {version} |")));
    }
}

/// The name by which a link reaches a heading.
fn anchor(heading: &str) -> String {
    let heading = heading.to_lowercase().replace(' ', "-");
    heading.chars().filter(|c| c.is_alphanumeric() || ['-', '_'].contains(c)).collect()
}

fn anchors(page: &Page) -> BTreeSet<String> {
    let headings = page.lines().filter(|(block, line)| block.is_none() && line.starts_with('#'));
    headings.map(|(_, line)| anchor(line.trim_start_matches('#').trim())).collect()
}

/// Where the links of a text lead.
fn links(page: &Page) -> Vec<&str> {
    let prose = page.lines().filter(|(block, _)| block.is_none());
    let targets = prose.flat_map(|(_, line)| line.split("](").skip(1));
    targets.map(|rest| rest.split(')').next().unwrap_or_default()).collect()
}

fn is_elsewhere(link: &str) -> bool {
    link.starts_with("https://") || link.starts_with("http://")
}

#[test]
fn links_lead_somewhere() {
    let others = Page::of_folder(".").into_iter().chain(Page::of_folder("benches"));
    for page in Page::for_users().into_iter().chain(others) {
        let path = &page.path;
        for link in links(&page).into_iter().filter(|link| !is_elsewhere(link)) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let mut target = path.clone();
            if !file.is_empty() {
                target.set_file_name(file);
            }
            assert!(target.exists(), "{}: there is no {link}", path.display());
            if !heading.is_empty() {
                let found = anchors(&Page::at(target)).contains(heading);
                assert!(found, "{}: there is no heading {link}", path.display());
            }
        }
    }
}

#[test]
fn readmes_of_crates_stand_alone() {
    for page in Page::of_crates() {
        // crates.io and docs.rs have no files beside a README.
        let beside = links(&page).into_iter().find(|link| !is_elsewhere(link));
        assert_eq!(beside, None, "{}", page.path.display());
    }
}

#[test]
fn folders_to_install_from_exist() {
    for Page { path, text } in Page::for_users() {
        for rest in text.split("cargo install --path ").skip(1) {
            let folder = rest.split([' ', '`', '\n']).next().unwrap_or_default();
            assert!(
                in_repository(folder).join("Cargo.toml").exists(),
                "{}: {folder}",
                path.display()
            );
        }
    }
}

#[test]
fn the_property_list_for_launchd_is_the_one_of_the_examples() {
    let example = Page::read("examples/deploy/com.example.web.plist").text;
    let page = Page::read("docs/launchd.md");
    assert_eq!(page.blocks("xml").first(), Some(&example));
}
