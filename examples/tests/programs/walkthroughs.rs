//! Compares the translation of every walkthrough with `tests/golden`. `UPDATE_GOLDEN=1` rewrites these files.

use crate::run::{explained, translated_for};
use smi_examples::Exit;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Returns the files in the subfolders of a folder, as `canary/1-all-to-v1.yaml`.
fn below(folder: &str) -> BTreeSet<PathBuf> {
    let entries = |path: &Path| {
        fs::read_dir(path)
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
    };
    let folders = entries(Path::new(folder)).filter(|path| path.is_dir());
    let files = folders.flat_map(|path| entries(&path).collect::<Vec<_>>());
    files
        .map(|file| file.strip_prefix(folder).unwrap().to_owned())
        .collect()
}

#[test]
fn translations_match_golden_files() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    if update && Path::new("tests/golden").exists() {
        fs::remove_dir_all("tests/golden").unwrap();
    }
    let mut expected = BTreeSet::new();
    let mut differences = Vec::new();
    let steps = below("walkthroughs");
    let meshes: [&[&str]; 2] = [&["--mesh", "istio"], &["--mesh", "linkerd", "--tcp-routes"]];
    for (mesh, step) in meshes
        .iter()
        .flat_map(|mesh| steps.iter().map(move |step| (mesh, step)))
    {
        let file = format!("walkthroughs/{}", step.display());
        let run = translated_for(mesh, &["walkthroughs/shop.yaml", &file], "");
        let exit = if step.starts_with("mistakes") {
            Exit::Errors
        } else {
            Exit::Done
        };
        assert_eq!(run.exit, exit, "{file}");
        for (ending, text) in [("yaml", run.out), ("txt", run.err)] {
            let folder = format!("{}-{}", mesh[1], step.parent().unwrap().display());
            let golden = Path::new(&folder)
                .join(step.file_name().unwrap())
                .with_extension(ending);
            let path = Path::new("tests/golden").join(&golden);
            if update {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, &text).unwrap();
            }
            if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
                differences.push(format!("{}:\n{text}", path.display()));
            }
            expected.insert(golden);
        }
    }
    assert_eq!(steps.len(), 14);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!(below("tests/golden"), expected);
}

/// Checks the access control tables of the specification (A16, A17).
#[test]
fn access_tables_of_the_specification_hold() {
    let step = "walkthroughs/access/1-by-request.yaml";
    for (from, method, path, allowed) in [
        ("website/website-service", "GET", "/api", true),
        ("website/website-service", "POST", "/api/orders", true),
        ("payments/payments-service", "DELETE", "/api", true),
        ("monitoring/prometheus", "GET", "/metrics", true),
        ("monitoring/prometheus", "POST", "/metrics", false),
        ("monitoring/prometheus", "GET", "/api", false),
        ("website/website-service", "GET", "/metrics", false),
        ("website/prometheus", "GET", "/metrics", false),
        ("website/website-service", "GET", "/", false),
        ("website/website-service", "GET", "/apis", false),
    ] {
        let arguments = [
            "--from",
            from,
            "--to",
            "api.api:80",
            "--method",
            method,
            "--path",
            path,
            step,
        ];
        let answer = if allowed { "allowed" } else { "denied" };
        let run = explained(&arguments, "");
        let line = format!("Deployment api/api:8080 {answer}");
        assert!(
            run.out.lines().any(|printed| printed == line),
            "{from} {method} {path}: {}",
            run.out
        );
    }
    let step = "walkthroughs/access/2-by-port.yaml";
    for (from, port, allowed) in [
        ("consul/client", 8300, true),
        ("consul/client", 8301, true),
        ("consul/client", 8302, true),
        ("consul/client", 8303, false),
        ("consul/other", 8300, false),
        ("other/client", 8300, false),
    ] {
        let to = format!("server.consul:{port}");
        let run = explained(&["--from", from, "--to", &to, "--tcp", step], "");
        let answer = if allowed { "allowed" } else { "denied" };
        let line = format!("StatefulSet consul/server:{port} {answer}");
        assert!(
            run.out.lines().any(|printed| printed == line),
            "{from} {port}: {}",
            run.out
        );
    }
}

/// Checks the expectation in the comment at the top of each step.
#[test]
fn steps_meet_their_expectations() {
    let tester: &[&str] = &["--header", "x-tester=yes"];
    let item: &[&str] = &["--path", "/items/7"];
    for (step, to, request, answer) in [
        ("canary/1-all-to-v1", "catalog:80", &[][..], "catalog-v1.shop:80"),
        ("canary/1-all-to-v1", "catalog:9090", &[], "catalog-v1.shop:9090"),
        (
            "canary/2-ten-percent",
            "catalog:80",
            &[],
            "catalog-v1.shop:80 9/10, catalog-v2.shop:80 1/10",
        ),
        (
            "canary/2-ten-percent",
            "catalog:9090",
            &["--tcp"],
            "catalog-v1.shop:9090 9/10, catalog-v2.shop:9090 1/10",
        ),
        (
            "canary/3-half",
            "catalog:80",
            &[],
            "catalog-v1.shop:80 1/2, catalog-v2.shop:80 1/2",
        ),
        (
            "canary/3-half",
            "catalog:9090",
            &[],
            "catalog-v1.shop:9090 1/2, catalog-v2.shop:9090 1/2",
        ),
        ("canary/4-all-to-v2", "catalog:80", &[], "catalog-v2.shop:80"),
        ("canary/4-all-to-v2", "catalog:9090", &[], "catalog-v2.shop:9090"),
        ("ab-test/1-testers", "catalog:80", tester, "catalog-v2.shop:80"),
        (
            "ab-test/1-testers",
            "catalog:80",
            &["--header", "x-tester=yesterday"],
            "catalog.shop:80",
        ),
        ("ab-test/1-testers", "catalog:80", &[], "catalog.shop:80"),
        (
            "ab-test/2-testers-and-canary",
            "catalog:80",
            tester,
            "catalog-v2.shop:80",
        ),
        (
            "ab-test/2-testers-and-canary",
            "catalog:80",
            &[],
            "catalog-v1.shop:80 9/10, catalog-v2.shop:80 1/10",
        ),
        ("blue-green/1-blue", "checkout:8080", &[], "checkout-blue.shop:8080"),
        ("blue-green/2-green", "checkout:8080", &[], "checkout-green.shop:8080"),
        ("blue-green/3-tcp-too", "checkout:8080", &[], "checkout-green.shop:8080"),
        (
            "blue-green/3-tcp-too",
            "stock:5432",
            &["--tcp"],
            "stock-v1.shop:5432 3/4, stock-v2.shop:5432 1/4",
        ),
        (
            "mistakes/1-typo-in-backend",
            "catalog:80",
            &[],
            "catalog.shop:80 1/10, catalog-v1.shop:80 9/10",
        ),
        (
            "mistakes/1-typo-in-backend",
            "checkout:8080",
            &[],
            "checkout-blue.shop:8080",
        ),
        ("mistakes/2-old-shape", "catalog:80", tester, "catalog.shop:80"),
        ("mistakes/2-old-shape", "checkout:8080", &[], "checkout-blue.shop:8080"),
        ("mistakes/3-not-portable", "catalog:80", item, "catalog-v2.shop:80"),
        (
            "mistakes/3-not-portable",
            "catalog:80",
            &["--path", "/public"],
            "catalog.shop:80",
        ),
        (
            "mistakes/3-not-portable",
            "checkout:8080",
            &[],
            "checkout-blue.shop:8080",
        ),
    ] {
        let file = format!("walkthroughs/{step}.yaml");
        let arguments = ["--from", "shop/storefront", "--to", to];
        let files = ["walkthroughs/shop.yaml", &file];
        let run = explained(&[&arguments, request, &files].concat(), "");
        assert_eq!(run.out.lines().next(), Some(answer), "{step} {to} {request:?}");
    }
}
