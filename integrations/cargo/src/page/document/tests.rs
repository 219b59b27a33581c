use super::super::state::{BuildProgress, Panic, Place, Problem};
use super::*;

const EVIL: &str = "</script></pre><img src=x onerror=alert(1)>";

fn place() -> Place {
    Place {
        file: "src/main.rs".into(),
        path: "/home/me/shop/src/main.rs".into(),
        line: 12,
        column: 5,
    }
}

fn problem(kind: ProblemKind, title: &str) -> Problem {
    Problem {
        kind,
        title: title.into(),
        since: 1_000_000,
        diagnostics: Vec::new(),
        errors: 0,
        panic: None,
        status: None,
        text: String::new(),
        hint: None,
    }
}

fn error(message: &str) -> Diagnostic {
    Diagnostic {
        level: Level::Error,
        code: Some("E0308".into()),
        message: message.into(),
        place: Some(place()),
        rendered: format!("\x1b[1m\x1b[91merror[E0308]\x1b[0m\x1b[1m: {message}\x1b[0m\n"),
    }
}

fn shown(state: &PageState, text: &str, method: Option<&str>) -> String {
    let (path, nonce, now) = (Some("/.devserver/"), "abc", 1_030_000);
    Document { state, is_building: false, text, path, method, nonce, now }.to_html()
}

fn state(problem: Option<Problem>) -> PageState {
    PageState { program: "shop".into(), problem, ..PageState::default() }
}

#[test]
fn a_build_that_failed_is_shown_whole() {
    let mut failed = problem(ProblemKind::Build, "mismatched types");
    failed.diagnostics = vec![error("mismatched types"), error("not found")];
    failed.errors = 5;
    failed.diagnostics.push(Diagnostic { level: Level::Warning, ..error("unused") });
    let html = shown(&state(Some(failed)), "", None);
    for part in [
        "<title>E0308 mismatched types – Build failed: shop</title>",
        "data-since=\"1000000\">30 s ago</span>",
        "<code class=\"ds-code\">E0308</code> mismatched types</h1>",
        "<h2>5 errors</h2>",
        "3 more are shown in the terminal",
        "<summary>1 warning</summary>",
        "<span class=\"sgr-bold sgr-red\">error[E0308]</span>",
        "href=\"#no-editor\" data-path=\"/home/me/shop/src/main.rs\" data-line=\"12\" data-column=\"5\">\
         src/main.rs:12:5</a>",
        "<p id=\"no-editor\">",
        "<style nonce=\"abc\">",
        "<script async src=\"/.devserver/page.js\" data-boot=\"\" data-page=\"devserver\"></script>",
        "<noscript><meta http-equiv=\"refresh\" content=\"2\">\n</noscript>",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
}

#[test]
fn a_panic_is_shown_with_the_users_own_frame_first() {
    let mut crash = problem(ProblemKind::Crash, "index out of bounds");
    let elsewhere = Place { file: "/rustc/vec.rs".into(), line: 9, ..place() };
    crash.panic = Some(Panic {
        number: 1,
        thread: "main".into(),
        message: "index out of bounds".into(),
        place: Some(elsewhere),
        frame: Some(("shop::total".into(), place())),
        at: 0,
    });
    crash.text = "listening\nthread 'main' panicked\n".into();
    let html = shown(&state(Some(crash)), "", None);
    let own = html.find("in <code>shop::total</code>").unwrap();
    let other = html.find("It says it has panicked at <a class=\"ds-place\"").unwrap();
    assert!(own < other && html.contains("<h2>Last output</h2>"), "{html}");
}

#[test]
fn a_first_build_shows_its_progress() {
    let mut state = state(None);
    state.build = Some(BuildProgress { began: 1_018_000, done: 34, total: Some(120) });
    let html = shown(&state, "", None);
    for part in [
        "<title>Building shop</title>",
        "<progress aria-label=\"Crates that are done\" max=\"120\" value=\"34\"></progress>",
        "34 of 120 crates · <span data-began=\"1018000\">12 s</span>",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
    state.build = Some(BuildProgress { began: 1_018_000, done: 0, total: None });
    assert!(shown(&state, "", None).contains("done\"></progress>"));
}

#[test]
fn nothing_of_an_error_is_markup() {
    let mut evil = problem(ProblemKind::Build, EVIL);
    evil.diagnostics = vec![Diagnostic {
        code: Some(EVIL.into()),
        place: Some(Place { file: EVIL.into(), path: EVIL.into(), line: 1, column: 1 }),
        ..error(EVIL)
    }];
    evil.text = EVIL.into();
    evil.hint = Some(EVIL.into());
    evil.panic = Some(Panic {
        number: 1,
        thread: EVIL.into(),
        message: EVIL.into(),
        place: None,
        frame: Some((EVIL.into(), place())),
        at: 0,
    });
    let mut state = state(Some(evil));
    state.program = EVIL.into();
    state.editor = Editor::Url { template: EVIL.into() };
    let html = shown(&state, EVIL, Some(EVIL));
    assert!(!html.contains("<img"), "{html}");
    assert_eq!(html.matches("</script").count(), 2, "{html}");
    assert!(html.contains("&lt;/script&gt;&lt;/pre&gt;&lt;img src=x onerror=alert(1)&gt;"));
}

#[test]
fn without_pages_it_loads_itself_without_a_script() {
    let state = state(None);
    let (path, nonce, now) = (None, "abc", 0);
    let html =
        Document { state: &state, is_building: true, text: "", path, method: None, nonce, now };
    let html = html.to_html();
    assert!(!html.contains("<script async") && !html.contains("<noscript><meta"), "{html}");
    assert!(html.contains("<meta http-equiv=\"refresh\" content=\"2\">"), "{html}");
}

#[test]
fn the_answer_to_a_post_does_not_reload_itself() {
    let html = shown(&state(None), "cargo devserver: nothing\n", Some("POST"));
    assert!(html.contains(" data-method=\"POST\"></script>") && html.contains("Send it again"));
    assert!(!html.contains("http-equiv=\"refresh\""), "{html}");
    assert!(html.contains("cargo devserver: nothing"), "a state without a problem has a reason");
}
