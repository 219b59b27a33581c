//! What a request below the reserved path is for.

use std::path::Path;

use hyper::Method;

use super::query;

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// The script of pages.
    Script,
    /// The script of the worker that all pages share.
    Worker,
    /// The event stream.
    Events,
    /// The state, once.
    State,
    /// The token for what controls.
    Token,
    /// Open the editor.
    Open(Target),
    /// Build, and start the program again.
    Restart,
    /// End the session.
    Stop,
}

/// What the editor is to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Absolute.
    pub(super) path: String,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// Why there is no route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoRoute {
    Unknown,
    /// These methods are allowed.
    Method(&'static str),
    Malformed(&'static str),
}

impl Route {
    /// Finds the route by the method, the path below the reserved one, and the query.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub(super) fn find(method: &Method, name: &str, query: Option<&str>) -> Result<Self, NoRoute> {
        let is_read = *method == Method::GET || *method == Method::HEAD;
        let is_allowed = match name {
            "page.js" | "worker.js" | "events" | "state" | "token" if !is_read => {
                return Err(NoRoute::Method("GET, HEAD"));
            }
            "open" | "restart" | "stop" if *method != Method::POST => {
                return Err(NoRoute::Method("POST"));
            }
            name => name,
        };
        match is_allowed {
            "page.js" => Ok(Route::Script),
            "worker.js" => Ok(Route::Worker),
            "events" => Ok(Route::Events),
            "state" => Ok(Route::State),
            "token" => Ok(Route::Token),
            "open" => Target::parse(query.unwrap_or_default()).map(Route::Open),
            "restart" => Ok(Route::Restart),
            "stop" => Ok(Route::Stop),
            _ => Err(NoRoute::Unknown),
        }
    }

    /// Whether it needs the token.
    pub(super) fn controls(&self) -> bool {
        matches!(self, Route::Open(_) | Route::Restart | Route::Stop)
    }

    /// The type of the answer's content, if it has one.
    pub(super) fn content_type(&self) -> Option<&'static str> {
        match self {
            Route::Script | Route::Worker => Some("text/javascript; charset=utf-8"),
            Route::Events => Some("text/event-stream"),
            Route::State | Route::Token => Some("application/json"),
            Route::Open(_) | Route::Restart | Route::Stop => None,
        }
    }
}

impl Target {
    fn parse(query: &str) -> Result<Self, NoRoute> {
        let number = |name| match query::value(query, name).map(|text| text.parse::<u32>()) {
            None => Ok(1),
            Some(Ok(number @ 1..)) => Ok(number),
            Some(_) => Err(NoRoute::Malformed("line and column are numbers from 1")),
        };
        let path = query::value(query, "path").filter(|path| Path::new(path).has_root());
        let path = path.ok_or(NoRoute::Malformed("path is an absolute path"))?;
        Ok(Target { path, line: number("line")?, column: number("column")? })
    }
}

/// Whether a client that sends this `Accept` takes content of this type.
pub(super) fn accepts(accept: Option<&str>, content_type: &str) -> bool {
    let content_type = content_type.split(';').next().unwrap_or_default();
    let group = content_type.split('/').next().unwrap_or_default();
    accept.is_none_or(|accept| {
        accept.split(',').any(|range| {
            let range = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            range.is_empty()
                || range == "*/*"
                || range == content_type
                || range.strip_suffix("/*") == Some(group)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(method: &Method, name: &str) -> Result<Route, NoRoute> {
        Route::find(method, name, None)
    }

    #[test]
    fn each_route_has_its_methods() {
        for (name, route) in [("page.js", Route::Script), ("state", Route::State)] {
            assert_eq!(find(&Method::GET, name), Ok(route.clone()));
            assert_eq!(find(&Method::HEAD, name), Ok(route));
            for method in [Method::POST, Method::OPTIONS, Method::DELETE] {
                assert_eq!(find(&method, name), Err(NoRoute::Method("GET, HEAD")));
            }
        }
        assert_eq!(find(&Method::POST, "stop"), Ok(Route::Stop));
        assert_eq!(find(&Method::GET, "stop"), Err(NoRoute::Method("POST")));
        for name in ["", "nothing", "state/", "../state", "STATE", "page.js/x"] {
            assert_eq!(find(&Method::GET, name), Err(NoRoute::Unknown), "{name}");
        }
    }

    #[test]
    fn the_target_of_open_is_parsed() {
        let open = |query| Route::find(&Method::POST, "open", Some(query));
        let target =
            |path: &str, line, column| Ok(Route::Open(Target { path: path.into(), line, column }));
        assert_eq!(open("path=/a%20b/%C3%A4.rs&line=3&column=7"), target("/a b/ä.rs", 3, 7));
        assert_eq!(open("line=3&path=%2Fa"), target("/a", 3, 1));
        for query in [
            "",
            "path=",
            "path=a.rs",
            "path=/a&line=0",
            "path=/a&line=-1",
            "path=/a&line=x",
            "path=/a&column=99999999999",
            "path=%2",
            "path=/%ff",
            "path=/a%00b",
            "path=/a&path=/b",
        ] {
            assert!(matches!(open(query), Err(NoRoute::Malformed(_))), "{query}");
        }
    }

    #[test]
    fn accept_is_respected() {
        let json = "application/json";
        for accept in [None, Some("*/*"), Some("text/html, application/*;q=0.8"), Some(json)] {
            assert!(accepts(accept, json), "{accept:?}");
        }
        assert!(accepts(Some("text/javascript"), "text/javascript; charset=utf-8"));
        assert!(!accepts(Some("text/html"), json));
        assert!(!accepts(Some("application/xml, text/*"), json));
    }
}
