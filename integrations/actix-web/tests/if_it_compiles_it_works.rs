//! Every application that the documentation promises, and that the future is `Send`.

use std::sync::Arc;
use std::time::Duration;

use actix_web::middleware::Logger;
use actix_web::{App, HttpResponse, web};
use actix_web_listenfd::serve_or_bind;

fn is_send<T: Send>(value: T) -> T {
    value
}

async fn hello() -> &'static str {
    "hello"
}

fn routes(config: &mut web::ServiceConfig) {
    config.route("/", web::get().to(hello));
}

#[test]
fn every_application() {
    let state = web::Data::new(String::from("shared"));
    drop(is_send(is_send(serve_or_bind(App::new, "3000")).into_future()));
    drop(is_send(serve_or_bind(|| App::new().configure(routes), "3000").into_future()));
    let with_state = move || {
        App::new()
            .app_data(state.clone())
            .wrap(Logger::default())
            .wrap_fn(|request, service| actix_service::Service::call(service, request))
            .service(web::scope("/api").configure(routes))
            .default_service(web::to(HttpResponse::NotFound))
    };
    drop(is_send(serve_or_bind(with_state, "3000").into_future()));
    let shared = Arc::new(5);
    let with_closure = move || {
        let shared = Arc::clone(&shared);
        App::new().route("/", web::to(move || std::future::ready(shared.to_string())))
    };
    drop(is_send(serve_or_bind(with_closure, "3000").into_future()));
}

#[test]
fn every_option() {
    let server = serve_or_bind(App::new, ":3000")
        .name("web")
        .drain_timeout(Duration::from_secs(10))
        .keep_alive_grace(Duration::from_secs(2))
        .header_read_timeout(Duration::from_secs(5))
        .max_connections(10_000)
        .with_graceful_shutdown(async {})
        .on_ready(|addrs| assert!(!addrs.is_empty()))
        .configure(|server| server.workers(2))
        .configure(|server| server.keep_alive(Duration::from_secs(75)))
        .on_connect(|_, data| {
            data.insert(5_u8);
        });
    let debug = format!("{server:?}");
    assert!(debug.contains("name: Some(\"web\")") && debug.contains("10s"), "{debug}");
    drop(is_send(server.into_future()));
}

#[actix_web::test]
async fn a_bad_address_is_told_when_awaited() {
    let err = serve_or_bind(App::new, "localhost").await.unwrap_err();
    assert!(err.to_string().contains("write localhost:3000"), "{err}");
}
