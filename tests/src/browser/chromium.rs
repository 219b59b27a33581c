//! A Chromium, and what a person does in it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::driver::Driver;
use crate::folder::Folder;
use crate::machine::has;
use crate::wait::DEADLINE;

/// The key under which the protocol passes an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A Chromium of its own, with a fresh profile. Commands go to the current tab.
#[derive(Debug)]
pub struct Chromium {
    // Ends before its folder is removed.
    pub(super) driver: Driver,
    _folder: Folder,
}

/// A tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab(String);

impl Chromium {
    /// Starts one; `None` where there is no Chromium or no chromedriver, as [`has`].
    ///
    /// # Panics
    ///
    /// When it does not start in time, or is missing and everything is required.
    #[track_caller]
    #[must_use]
    pub fn start() -> Option<Self> {
        if !has("chromium") || !has("chromedriver") {
            return None;
        }
        let folder = Folder::new();
        let driver = Driver::start(&folder.path(""));
        Some(Chromium { driver, _folder: folder })
    }

    /// The process group with all of the browser.
    #[must_use]
    pub fn group(&self) -> u32 {
        self.driver.pid()
    }

    /// Opens a page in the current tab, and waits until it has loaded.
    ///
    /// # Panics
    ///
    /// When it does not load in time.
    #[track_caller]
    pub fn open(&self, url: impl ToString) {
        self.post("/url", &json!({"url": url.to_string()}));
    }

    /// Goes back in the history.
    ///
    /// # Panics
    ///
    /// When the page before does not load in time.
    #[track_caller]
    pub fn back(&self) {
        self.post("/back", &json!({}));
    }

    /// Loads the page again, as a person does.
    ///
    /// # Panics
    ///
    /// When it does not load in time.
    #[track_caller]
    pub fn refresh(&self) {
        self.post("/refresh", &json!({}));
    }

    /// Runs a function's body in the page, and returns what that returns.
    ///
    /// # Panics
    ///
    /// When it throws, or the page goes away meanwhile.
    #[track_caller]
    pub fn run(&self, script: &str) -> Value {
        self.try_run(script).unwrap_or_else(|err| panic!("{script}: {err}"))
    }

    /// The same, where the page may be about to go away.
    ///
    /// # Errors
    ///
    /// The exception, or that the page has gone.
    pub fn try_run(&self, script: &str) -> Result<Value, String> {
        let body = json!({"script": script, "args": []});
        self.driver.command("POST", "/execute/sync", &body)
    }

    /// Runs an expression again and again until it is true, and returns its value.
    ///
    /// # Panics
    ///
    /// After the deadline, with the last value and the text of the page.
    #[track_caller]
    pub fn wait_for(&self, expression: &str) -> Value {
        let end = Instant::now() + DEADLINE;
        let script = format!("return {expression}");
        loop {
            let found = self.try_run(&script);
            if let Ok(value) = &found
                && ![Value::Null, false.into(), 0.into(), "".into()].contains(value)
            {
                return value.clone();
            }
            let text = || self.try_run("return document.documentElement.innerText");
            assert!(Instant::now() < end, "{expression} is {found:?} in {:?}", text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until the page shows a text, outside of shadow roots.
    ///
    /// # Panics
    ///
    /// After the deadline.
    #[track_caller]
    pub fn wait_for_text(&self, text: &str) {
        self.wait_for(&format!("document.body?.innerText.includes({})", json!(text)));
    }

    /// Clicks on the element that an expression returns, as a person does: it has to be visible, and
    /// not covered by another one.
    ///
    /// # Panics
    ///
    /// When there is none, or it is covered.
    #[track_caller]
    pub fn click(&self, element: &str) {
        let path = format!("/element/{}/click", self.element(element));
        self.post(&path, &json!({}));
    }

    /// Types into the element that an expression returns.
    ///
    /// # Panics
    ///
    /// When there is none, or it takes no text.
    #[track_caller]
    pub fn type_into(&self, element: &str, text: &str) {
        let path = format!("/element/{}/value", self.element(element));
        self.post(&path, &json!({"text": text}));
    }

    /// Presses keys, wherever the focus is: text, and the protocol's codes such as `\u{e00c}` for Escape.
    ///
    /// # Panics
    ///
    /// When the browser refuses.
    #[track_caller]
    pub fn press(&self, keys: &str) {
        let strokes = keys.chars().flat_map(|key| {
            ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key.to_string()}))
        });
        let strokes: Vec<_> = strokes.collect();
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": strokes});
        self.post("/actions", &json!({"actions": [keyboard]}));
    }

    /// The current tab.
    ///
    /// # Panics
    ///
    /// When it was closed.
    #[track_caller]
    #[must_use]
    pub fn tab(&self) -> Tab {
        let handle = self.driver.command("GET", "/window", &Value::Null).unwrap();
        Tab(handle.as_str().unwrap().to_owned())
    }

    /// Opens a new tab, which becomes the current one.
    ///
    /// # Panics
    ///
    /// When the browser refuses.
    #[track_caller]
    pub fn new_tab(&self) -> Tab {
        let window = self.post("/window/new", &json!({"type": "tab"}));
        let tab = Tab(window["handle"].as_str().unwrap().to_owned());
        self.switch_to(&tab);
        tab
    }

    /// Makes a tab the current one, in the foreground.
    ///
    /// # Panics
    ///
    /// When it was closed.
    #[track_caller]
    pub fn switch_to(&self, tab: &Tab) {
        self.post("/window", &json!({"handle": tab.0}));
    }

    /// Closes the current tab.
    ///
    /// # Panics
    ///
    /// When the browser refuses.
    pub fn close_tab(&self) {
        self.driver.command("DELETE", "/window", &Value::Null).unwrap();
    }

    /// The text of the prompt that is open, if there is one.
    #[must_use]
    pub fn prompt(&self) -> Option<String> {
        let text = self.driver.command("GET", "/alert/text", &Value::Null).ok()?;
        Some(text.as_str().unwrap_or_default().to_owned())
    }

    /// Answers to the prompt: OK, or cancel.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[track_caller]
    pub fn answer_prompt(&self, is_ok: bool) {
        self.post(if is_ok { "/alert/accept" } else { "/alert/dismiss" }, &json!({}));
    }

    #[track_caller]
    fn element(&self, expression: &str) -> String {
        let element = self.wait_for(expression);
        let id = element.get(ELEMENT).and_then(Value::as_str);
        id.unwrap_or_else(|| panic!("{expression} is no element: {element}")).to_owned()
    }

    #[track_caller]
    pub(super) fn post(&self, path: &str, body: &Value) -> Value {
        self.driver.command("POST", path, body).unwrap_or_else(|err| panic!("{path} {body}: {err}"))
    }
}
