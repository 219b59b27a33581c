//! What a page looks like, and what its console has: the commands beyond those of a person.

use std::path::Path;

use serde_json::{Value, json};

use super::Chromium;

impl Chromium {
    /// A command of the Chrome DevTools Protocol.
    ///
    /// # Panics
    ///
    /// When the browser refuses.
    #[track_caller]
    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    /// Sets the size of the page in CSS pixels, also below the smallest window.
    ///
    /// # Panics
    ///
    /// When the browser refuses.
    #[track_caller]
    pub fn resize(&self, width: u32, height: u32) {
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
    }

    /// Sets a feature of CSS media, such as `prefers-color-scheme` to `dark`.
    ///
    /// # Panics
    ///
    /// When the browser refuses.
    #[track_caller]
    pub fn set_media(&self, feature: &str, value: &str) {
        let features = json!({"features": [{"name": feature, "value": value}]});
        self.devtools("Emulation.setEmulatedMedia", &features);
    }

    /// What the console of the page has shown since the last call, a line each.
    ///
    /// # Panics
    ///
    /// When the browser refuses.
    #[track_caller]
    #[must_use]
    pub fn console(&self) -> Vec<String> {
        let entries = self.post("/se/log", &json!({"type": "browser"}));
        let line = |entry: &Value| {
            format!("{} {}", entry["level"].as_str().unwrap(), entry["message"].as_str().unwrap())
        };
        let lines = entries.as_array().unwrap().iter().map(line);
        // chromedriver has a page of its own for BiDi.
        lines.filter(|line| !line.contains("Launching Mapper instance")).collect()
    }

    /// Writes what the page looks like as a PNG file.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    #[track_caller]
    pub fn screenshot(&self, path: &Path) {
        let data = self.driver.command("GET", "/screenshot", &Value::Null).unwrap();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, decode_base64(data.as_str().unwrap())).unwrap();
    }
}

fn decode_base64(text: &str) -> Vec<u8> {
    let digit = |byte: u8| {
        Some(match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        })
    };
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for value in text.bytes().filter_map(digit) {
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}
