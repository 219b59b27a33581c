//! What a browser sees of a program below `cargo devserver`, without either: a test chooses the pages,
//! and says what the devserver tells them.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use listenfd_devserver::{PAGE_SCRIPT, WORKER_SCRIPT};
use serde_json::{Value, json};

/// Stands in a page for the tag that the adapters insert.
pub const TAG: &str = "<!-- tag -->";

/// A program, and the devserver above it.
#[derive(Debug)]
pub struct FakeDevserver {
    shared: Arc<Shared>,
    addr: SocketAddr,
}

#[derive(Debug, Default)]
struct Shared {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    boot: String,
    /// The run before, and how many pages still come from it.
    old: (String, usize),
    state: Value,
    /// Counts the changes of the state; 0 before the first.
    version: u64,
    logs: Vec<Value>,
    pages: HashMap<String, Page>,
    /// The request lines so far, without those of event streams.
    requests: Vec<String>,
    streams: usize,
    /// Event streams of an earlier one end.
    epoch: u64,
    is_away: bool,
    is_closed: bool,
}

#[derive(Clone, Debug, Default)]
struct Page {
    headers: String,
    body: String,
    delay: Duration,
    is_held: bool,
}

impl FakeDevserver {
    /// Starts one at a port that the system chooses. Its program is the run `one-1`.
    ///
    /// # Panics
    ///
    /// When it cannot listen.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let server = FakeDevserver { shared: Arc::clone(&shared), addr };
        server.run("one-1");
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.lock().is_closed {
                    break;
                }
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || {
                    // The browser may close at any time.
                    let _ = shared.serve(&stream);
                });
            }
        });
        server
    }

    /// The URL of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Sets a page, with the tag in place of [`TAG`].
    pub fn page(&self, path: &str, body: &str) {
        self.page_with(path, "Content-Type: text/html\r\n", body);
    }

    /// The same, with these headers.
    pub fn page_with(&self, path: &str, headers: &str, body: &str) {
        let page = Page { headers: headers.into(), body: body.into(), ..Page::default() };
        self.shared.lock().pages.insert(path.into(), page);
    }

    /// The page takes this long from now on.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn delay(&self, path: &str, delay: Duration) {
        self.shared.lock().pages.get_mut(path).unwrap().delay = delay;
    }

    /// Whether the page is answered only when it is held no more.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn hold(&self, path: &str, is_held: bool) {
        self.shared.lock().pages.get_mut(path).unwrap().is_held = is_held;
        self.shared.changed.notify_all();
    }

    /// Another run of the program serves from now on: pages have its mark, and are told of it.
    pub fn run(&self, boot: &str) {
        self.shared.lock().boot = boot.into();
        self.tell(json!({"boot": boot}));
    }

    /// The same, but so many pages still come from the run before.
    pub fn run_after(&self, pages: usize, boot: &str) {
        let old = self.shared.lock().boot.clone();
        self.shared.lock().old = (old, pages);
        self.run(boot);
    }

    /// Pages have the mark of this run, and are not told.
    pub fn run_untold(&self, boot: &str) {
        self.shared.lock().boot = boot.into();
    }

    /// Tells the pages that the state is as at the start but for these fields, and the run that serves.
    pub fn tell(&self, fields: Value) {
        let mut inner = self.shared.lock();
        let mut state = json!({
            "session": "one", "program": "shop", "boot": inner.boot, "is_starting": false,
            "build": null, "problem": null, "warnings": 0, "panics": [], "reloads": 0,
            "style_reloads": 0, "editor": {"kind": "unset"}, "has_log": true,
        });
        if let (Some(state), Value::Object(fields)) = (state.as_object_mut(), fields) {
            state.extend(fields);
        }
        inner.state = state;
        inner.version += 1;
        self.shared.changed.notify_all();
    }

    /// Tells the pages of a line of output.
    pub fn log(&self, level: &str, text: &str) {
        self.shared.lock().logs.push(json!({"level": level, "text": text}));
        self.shared.changed.notify_all();
    }

    /// Ends all event streams. Browsers connect again.
    pub fn drop_streams(&self) {
        self.shared.lock().epoch += 1;
        self.shared.changed.notify_all();
    }

    /// Ends all connections, and each new one, until it is back.
    pub fn set_away(&self, is_away: bool) {
        self.shared.lock().is_away = is_away;
        self.drop_streams();
    }

    /// How many event streams are open.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.shared.lock().streams
    }

    /// How many requests began with this, such as `GET / `, so far.
    #[must_use]
    pub fn requests(&self, start: &str) -> usize {
        self.shared.lock().requests.iter().filter(|line| line.starts_with(start)).count()
    }
}

impl Drop for FakeDevserver {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_all();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.addr);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        if self.lock().is_away {
            return Ok(());
        }
        // Browsers open connections in reserve.
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let mut lines = BufReader::new(stream).lines();
        let request = lines.next().unwrap_or_else(|| Ok(String::new()))?;
        while !lines.next().unwrap_or_else(|| Ok(String::new()))?.is_empty() {}
        let mut words = request.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if path == "/.devserver/events" {
            return self.stream_events(stream);
        }
        self.lock().requests.push(request.clone());
        let path = path.split('?').next().unwrap_or_default();
        self.wait_for(path);
        let page = self.answer(method, path);
        let (headers, body) = (&page.headers, &page.body);
        let status = if headers.is_empty() { "404 Not Found" } else { "200 OK" };
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n");
        (&*stream).write_all(format!("{head}{headers}\r\n{body}").as_bytes())
    }

    fn wait_for(&self, path: &str) {
        let delay = self.lock().pages.get(path).map_or(Duration::ZERO, |page| page.delay);
        std::thread::sleep(delay);
        let is_held = |inner: &mut Inner| {
            !inner.is_closed && inner.pages.get(path).is_some_and(|page| page.is_held)
        };
        drop(self.changed.wait_while(self.lock(), is_held).unwrap());
    }

    fn answer(&self, method: &str, path: &str) -> Page {
        let of = |kind: &str, body: &str| Page {
            headers: format!(
                "Content-Type: {kind}\r\nCache-Control: no-cache\r\n\
                 Content-Security-Policy: default-src 'none'; connect-src 'self'\r\n"
            ),
            body: body.to_owned(),
            ..Page::default()
        };
        match path {
            "/.devserver/page.js" => return of("text/javascript", PAGE_SCRIPT),
            "/.devserver/worker.js" => return of("text/javascript", WORKER_SCRIPT),
            "/favicon.ico" => {
                return of("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg'/>");
            }
            "/.devserver/token" => return of("application/json", "{\"token\":\"t\"}"),
            _ if path.starts_with("/.devserver/") => return of("text/plain", ""),
            _ => {}
        }
        let mut inner = self.lock();
        let Some(mut page) = inner.pages.get(path).cloned() else { return Page::default() };
        let method = match method {
            "GET" => String::new(),
            method => format!(" data-method=\"{method}\""),
        };
        let mut boot = inner.boot.clone();
        if inner.old.1 > 0 && page.body.contains(TAG) {
            inner.old.1 -= 1;
            boot.clone_from(&inner.old.0);
        }
        let tag = format!(
            "<script async src=\"/.devserver/page.js\" data-boot=\"{boot}\"{method}></script>"
        );
        page.body = page.body.replace(TAG, &tag);
        page
    }

    fn stream_events(&self, mut stream: &TcpStream) -> io::Result<()> {
        stream.write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\r\n",
        )?;
        let mut inner = self.lock();
        inner.streams += 1;
        let (epoch, mut version, mut logs) = (inner.epoch, 0, inner.logs.len());
        let result = loop {
            if inner.epoch != epoch || inner.is_closed {
                break Ok(());
            }
            // The comment finds out whether the browser has closed.
            let mut text = ":\n\n".to_owned();
            if inner.version != version {
                version = inner.version;
                text += &format!("event: state\ndata: {}\n\n", inner.state);
            }
            for line in &inner.logs[logs..] {
                text += &format!("event: log\ndata: {line}\n\n");
            }
            logs = inner.logs.len();
            if let Err(err) = stream.write_all(text.as_bytes()) {
                break Err(err);
            }
            inner = self.changed.wait_timeout(inner, Duration::from_millis(50)).unwrap().0;
        };
        inner.streams -= 1;
        result
    }
}
